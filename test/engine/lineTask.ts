// A task without pictures, whose course can be worked out by hand: fits w in y = w x, one number a sample.

import { mean, mul, square, sub, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ones } from '../../src/nn/initialisers.ts';
import { Module } from '../../src/nn/module.ts';
import type { StepInput } from '../../src/ops/compileStep.ts';
import type { EvaluateOptions, Evaluator, Loss, Metrics, Task, TaskMetadata } from '../../src/tasks/task.ts';

class Line extends Module {
  readonly weight = this.parameter('weight', { shape: [1], initialiser: ones });
}

export interface LineBatch {
  readonly epoch: number;
  readonly index: number;
  /** [2] */
  readonly x: Float32Array;
}

/** y = 3 x. Batch b of each epoch has the inputs b + 1 and b + 1, so the loss of w is (b + 1)² (w - 3)². */
export class LineTask implements Task<LineBatch>, Evaluator {
  readonly model = new Line();
  readonly batchSize = 2;
  readonly evaluator = this;
  readonly mainMetric = 'score';
  metadata: TaskMetadata = { unit: 'm' };
  readonly training;
  /** Batches given out, as 'epoch.index'. */
  readonly seen: string[] = [];
  /** What the evaluations answer in turn; the last one again and again. */
  readonly scores: number[];
  /** Weights at each evaluation. */
  readonly evaluated: number[] = [];
  /** What else happens in an evaluation. */
  onEvaluate: () => void = () => undefined;
  /** Inputs of a batch, where a test wants others. */
  corrupt: (batch: LineBatch) => LineBatch = (batch) => batch;

  constructor({ batchesPerEpoch = 4, scores = [0] }: { batchesPerEpoch?: number; scores?: number[] } = {}) {
    this.model.initialise(0);
    this.scores = [...scores];
    const epoch = (number: number, startBatch = 0) => this.#batches(number, startBatch, batchesPerEpoch);
    this.training = { batchesPerEpoch, batchesAhead: 1, epoch };
  }

  async* #batches(epoch: number, start: number, end: number): AsyncIterableIterator<LineBatch> {
    for (let index = start; index < end; index++) {
      this.seen.push(`${epoch}.${index}`);
      yield this.corrupt({ epoch, index, x: new Float32Array(2).fill(index + 1) });
    }
  }

  inputs(pictures: number): readonly StepInput[] {
    return [{ shape: [pictures], dtype: 'float32' }, { shape: [pictures], dtype: 'float32' }];
  }

  upload({ x }: LineBatch): Tensor[] {
    return [tensor1d(x), tensor1d(x.map((value) => 3 * value))];
  }

  loss([x, y]: readonly Tensor[]): Loss {
    return { total: mean(square(sub(mul(x!, this.model.weight.value), y!))), parts: {} };
  }

  size({ x }: LineBatch): number {
    return x.length;
  }

  isUnlabelled({ x }: LineBatch): boolean {
    return x.every((value) => value === 0);
  }

  describe({ epoch, index }: LineBatch): string[] {
    return [`sample ${epoch}.${index}a`, `sample ${epoch}.${index}b`];
  }

  async evaluate({ isStopped = () => false }: EvaluateOptions): Promise<Metrics | undefined> {
    this.evaluated.push((await this.model.weight.read())[0]!);
    this.onEvaluate();
    if (isStopped()) return undefined;
    return { score: this.scores.length > 1 ? this.scores.shift()! : this.scores[0]! };
  }

  async close(): Promise<void> {
    this.model.dispose();
  }
}
