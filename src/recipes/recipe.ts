// What the commands know of a task: a recipe checks a config and turns it into an experiment, which hands out what runs. A new
// task is one more recipe; no command changes.

import type { z } from 'zod';
import type { JoinName } from '../backbones/position/join.ts';
import type { CheckOptions } from '../data/files/fileCheck.ts';
import type { TrainerOptions, TrainingResult } from '../engine/trainer.ts';
import { ConfigError } from '../errors.ts';
import type { FloatTensor, Module } from '../nn/module.ts';
import type { StagesGiven } from '../parity/given.ts';
import type { CurveMetric } from '../report/learningCurve.ts';
import type { Evaluator, Metrics, Task } from '../tasks/task.ts';

/** What every config has, whatever its task; see `run` in src/schema/common.ts. */
export interface RunConfig {
  /** The recipe's name. */
  readonly task: string;
  /** Of everything that is drawn. */
  readonly seed: number;
  /** What activations are stored as. */
  readonly precision: 'fp32' | 'bf16';
  /** Whether the step is recorded once and replayed natively. */
  readonly compile: boolean;
  /** Folder of the run. */
  readonly out: string;
}

/** A task as the commands find it. */
export interface Recipe<Config extends RunConfig = RunConfig> {
  /** Its name in a config. */
  readonly task: string;
  /** Of what a config file exports; its output is what `open` takes, and is itself valid input. */
  readonly schema: z.ZodType<Config>;
  /** Where `--data DIR` goes: values of `data` by key. Default: `{ dir }`. */
  dataPaths?(kind: unknown, dir: string): Readonly<Record<string, string>>;
  /** @throws UserError when the config names data that cannot be, or parts that do not fit together */
  open(config: Config): Promise<Experiment>;
}

/**
 * A config's experiment. Nothing is loaded, and no model made, before it is asked for. A task of one's own may leave out what is
 * optional: the commands that want it then say that it has none.
 */
export interface Experiment {
  /** As it runs and as config.json has it: what was left to the data is filled in. */
  readonly config: RunConfig;
  /** What was changed to make the config fit, for people, a line each. */
  readonly notes?: readonly string[];
  /** The model, for its parameters, and its multiply-adds. */
  count?(): ModelCount;
  /**
   * Opens the data and makes the model, which has no values yet.
   * @param look at every file first; absent: files are not looked at
   */
  openTraining(look?: LookAtFiles): Promise<Training>;
  /** The same for an evaluation; the training data may be absent unless it is asked for. */
  openEvaluation?(split: Split): Promise<Evaluation>;
  /** The same for asking about photos; no data is opened. */
  openPrediction?(): Promise<Prediction>;
  /**
   * Runs the model, or the part of it that the tensors are for, and hands out every stage by name.
   * @throws DataError when they do not fit
   */
  runStages?(given: StagesGiven): Promise<ReadonlyMap<string, FloatTensor>>;
}

/** How the files of a data set are looked at: what is remembered, and what is told meanwhile. */
export type LookAtFiles = (dataFolder: string, what: string) => CheckOptions;

/** Training data, or what a run is evaluated on. */
export type Split = 'train' | 'val';

/** What `params` tells of a model. */
export interface ModelCount {
  /** Without values. */
  readonly model: Module;
  /** Multiply-adds for one image by module. */
  readonly macs: ReadonlyMap<string, number>;
  /** Modules whose sums are told too; a parameter's module is counted below them. */
  readonly parts: readonly string[];
}

/** What a training runs. */
export interface Training {
  /** What is trained, on which data. */
  readonly task: Task<unknown>;
  /** Of the training loop. */
  readonly options: TrainerOptions;
  /** Of the model: `deit`. */
  readonly name: string;
  /** For people: `68 training and 20 validation photos of 5 classes`. */
  readonly data: string;
  /** What was noticed as the files were looked at. */
  readonly notes?: readonly string[];
  /** What the learning curve shows besides the loss. Default: the main metric. */
  readonly curve?: CurveMetric;
  /** Another row of the papers' tables, which the run wants to be held against. */
  readonly rival?: JoinName;
  /** Scores for people: `['top-1', '52.63 %']`, the main one first. */
  scores(metrics: Metrics): readonly Score[];
  /** What is made at the end of a run, from its best weights; where it is, by what it is called. */
  finish?(result: TrainingResult): Promise<readonly Score[]>;
}

/** A score for people. */
export type Score = readonly [name: string, value: string];

/** What an evaluation runs. */
export interface Evaluation {
  /** Without values. */
  readonly model: Module;
  /** In the order of their numbers. */
  readonly classNames: readonly string[];
  /** Of this model. */
  readonly evaluator: Evaluator;
  /** For people: `20 photos of 5 classes`. */
  readonly data: string;
  /** All scores for people, the main ones first. */
  scores(metrics: Metrics): readonly Score[];
}

/** What a prediction runs. */
export interface Prediction {
  /** Without values. */
  readonly model: Module;
  /** Where the config has them: a checkpoint's must be the same. */
  readonly classNames?: readonly string[];
  /** The endings of the files that are written for each photo; none: the results are in predictions.json alone. */
  readonly endings: readonly string[];
  /**
   * To be asked for when the model has its weights.
   * @param classNames the checkpoint's, where it says
   */
  predictor(classNames?: readonly string[]): Predictor;
}

/** A model that can be asked about photos. */
export interface Predictor {
  /**
   * @param photo a file's path, or its bytes
   * @throws DataError when it cannot be decoded
   */
  predict(photo: string | Uint8Array): Promise<Predicted>;
  /** Frees the model. */
  dispose(): void;
}

/** What a model says of a photo. */
export interface Predicted {
  /** Plain JSON. */
  readonly result: Readonly<Record<string, unknown>>;
  /** In one short line. */
  readonly headline: string;
  /** Pictures of it by their endings, made when they are asked for. */
  readonly pictures: ReadonlyMap<string, () => Promise<Uint8Array>>;
}

/**
 * A method that an experiment may lack.
 * @throws ConfigError
 */
export function expectPart<Part extends 'count' | 'openEvaluation' | 'openPrediction' | 'runStages'>(
  experiment: Experiment, part: Part,
): NonNullable<Experiment[Part]> {
  const method = experiment[part];
  if (method === undefined) throw new ConfigError(`${part}: task '${experiment.config.task}' has none; add it to the experiment that its recipe opens`);
  return method.bind(experiment) as NonNullable<Experiment[Part]>;
}
