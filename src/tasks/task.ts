// What the engine trains and measures: a model with its data and its loss, `Task`, and what tells how good the model is,
// `Evaluator`, which needs no training data. What is learnt from the data is a task's own matter.

import type { Tensor } from '@tensorflow/tfjs-core';
import type { Module } from '../nn/module.ts';
import type { StepInput } from '../ops/compileStep.ts';

/** What a batch costs: what is minimised and, by name, what it consists of. All scalars. */
export interface Loss {
  /** What is minimised, weights of parts included. */
  readonly total: Tensor;
  /** Empty when the loss is one thing. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** What an evaluation found, by name: `top1`, `loss`, … */
export type Metrics = Readonly<Record<string, number>>;

/** Where the batches of an epoch come from. */
export interface BatchSource<Batch> {
  /** What is left out not counted. */
  readonly batchesPerEpoch: number;
  /** Batches that are being made, wait, or are in use, at most. */
  readonly batchesAhead: number;
  /** The batches of an epoch, a pure function of its number, from `startBatch` on. */
  epoch(epoch: number, startBatch?: number): AsyncIterableIterator<Batch>;
}

/** How to evaluate. */
export interface EvaluateOptions {
  /** Run the model's forward pass as a compiled step. */
  readonly compile: boolean;
  /** Asked after each batch: true gives the evaluation up. */
  readonly isStopped?: () => boolean;
}

/** What a checkpoint says of its task; plain JSON. */
export interface TaskMetadata {
  /** In the order of their numbers. A run goes on with the same ones only. */
  readonly classNames?: readonly string[];
  /** The evaluator's. */
  readonly measure?: string;
  readonly [field: string]: unknown;
}

/** Measures a model on validation data. */
export interface Evaluator {
  /** The metric by which the best checkpoint is told; more is better. */
  readonly mainMetric: string;
  /** The metrics that a line of progress shows, in this order. Default: all. */
  readonly headline?: readonly string[];
  /** Metric, validation data and how it is looked at: only scores of one measure are compared. */
  readonly measure?: string;
  /** Measures the model as it is now; undefined when it was given up. */
  evaluate(options: EvaluateOptions): Promise<Metrics | undefined>;
  /** Ends what loads batches and frees what evaluation holds; the model stays. */
  close(): Promise<void>;
}

/** What the engine trains: a model, batches and a loss. */
export interface Task<Batch> {
  /** With values. */
  readonly model: Module;
  /** Batches of one forward and backward pass each; all of the same shapes, so that one program serves them. */
  readonly training: BatchSource<Batch>;
  /** The task's own: closed with it. */
  readonly evaluator: Evaluator;
  /** Goes into every checkpoint. */
  readonly metadata: TaskMetadata;
  /** Pictures in a training batch. */
  readonly batchSize: number;
  /** What `upload` gives for a batch of so many pictures. */
  inputs(pictures: number): readonly StepInput[];
  /** A batch as tensors, which the caller disposes of. */
  upload(batch: Batch): Tensor[];
  /** The loss in training. May be traced: it depends on the values of tensors alone. */
  loss(inputs: readonly Tensor[]): Loss;
  /** Pictures in a batch. */
  size(batch: Batch): number;
  /** The samples of a batch as a message to a user names them. */
  describe(batch: Batch): string[];
  /** Whether nothing in a batch has a label, so that it teaches nothing. Default: never. */
  isUnlabelled?(batch: Batch): boolean;
  /** What to look at where no batch of an epoch has a label. */
  readonly labelAdvice?: string;
  /** Ends what loads batches, the evaluator's included; the model stays. */
  close(): Promise<void>;
}
