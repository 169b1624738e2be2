// What a run needs to go on exactly where it was: weights, their average, the optimizer's state, and where it stood.

import { z } from 'zod';
import { assertSameModel, loadCheckpoint, saveCheckpoint } from '../checkpoint/checkpoint.ts';
import { ConfigError, DataError } from '../errors.ts';
import type { Module, StateTensor } from '../nn/module.ts';
import type { Optimizer } from './optimizer.ts';
import type { WeightAverage } from './weightAverage.ts';

const metrics = z.record(z.string(), z.number()).readonly();

const evaluation = z.object({
  /** Optimizer steps done. */
  step: z.int(),
  /** Epochs done. */
  epoch: z.number(),
  /** Of the weights. */
  metrics,
  /** Of the weights' moving average, when there is one. */
  ema: metrics.exactOptional(),
}).readonly();

const positionSchema = z.object({
  step: z.int().min(0),
  updatesPerEpoch: z.int().min(1),
  last: evaluation.exactOptional(),
  best: evaluation.exactOptional(),
  /** Of training, evaluations left out, over all the processes that had a part in the run. */
  trainSeconds: z.number(),
}).readonly();

/** Metrics at one moment of a run. */
export type Evaluation = z.output<typeof evaluation>;

/** Where a run stands. */
export type RunPosition = z.output<typeof positionSchema>;

/** The tensors of a run. */
export interface TrainedState {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly average?: WeightAverage | undefined;
}

/**
 * Writes checkpoints of one moment, each complete or not at all.
 * @param directories in this order; one that a resumed run starts from should come last
 * @param metadata of the task
 * @throws DataError when a weight is not finite (nothing is written), or there is no space
 */
export async function saveTraining(
  directories: readonly string[],
  { model, optimizer, average }: TrainedState,
  position: RunPosition,
  metadata: Readonly<Record<string, unknown>>,
): Promise<void> {
  const weights = await model.state();
  refuseNonFinite(weights, position.step);
  const ema = await average?.state();
  const state = { ...position, task: metadata };
  const checkpoint = { model: weights, optimizer: await optimizer.state(), ...(ema && { ema }), state };
  for (const directory of directories) await saveCheckpoint(directory, checkpoint);
}

/**
 * Takes weights, average and optimizer state from a checkpoint of the same run.
 * @returns where the run stood
 * @throws DataError when the checkpoint is damaged, of another model, or has no optimizer state; ConfigError when its epochs
 *   had another number of updates
 */
export async function restoreTraining(
  directory: string,
  { model, optimizer, average }: TrainedState,
  updatesPerEpoch: number,
): Promise<RunPosition> {
  const stored = await loadCheckpoint(directory, { prefer: 'last' });
  const { path } = stored;
  assertSameModel(model.namedTensors(), stored.model, path);
  const position = positionSchema.safeParse(stored.state);
  if (stored.optimizer === undefined || !position.success) {
    const lacking = stored.optimizer === undefined ? 'optimizer.safetensors' : 'the position of a run in state.json';
    throw new DataError(`restoreTraining: expected ${lacking} in ${path}, got none; to start from these weights use --init`);
  }
  if (average !== undefined && stored.ema === undefined) {
    throw new DataError(`restoreTraining: expected ema.safetensors in ${path}, got none: that run kept no average; set ema to 'none'`);
  }
  if (position.data.updatesPerEpoch !== updatesPerEpoch) {
    throw new ConfigError(`restoreTraining: expected ${position.data.updatesPerEpoch} updates per epoch as in ${path}, got ${updatesPerEpoch}: the data or the batch size have changed; start another run from its weights with --init`);
  }
  optimizer.loadState(stored.optimizer, path);
  if (stored.ema !== undefined) average?.loadState(stored.ema, path);
  model.loadState(stored.model);
  return position.data;
}

/**
 * Takes only the weights of a checkpoint: the start of another run.
 * @throws DataError when it is of another model
 */
export async function loadWeights(path: string, model: Module): Promise<void> {
  const stored = await loadCheckpoint(path, { parts: ['model'] });
  assertSameModel(model.namedTensors(), stored.model, stored.path);
  model.loadState(stored.model);
}

function refuseNonFinite(weights: ReadonlyMap<string, StateTensor>, step: number): void {
  for (const [name, { data }] of weights) {
    if (data instanceof BigInt64Array || data.every(Number.isFinite)) continue;
    throw new DataError(`saveTraining: expected finite weights after step ${step}, got ${data.find((value) => !Number.isFinite(value))} in ${name}; no checkpoint was written, the older ones are intact`);
  }
}
