// What a run needs to go on exactly where it was: weights, their average, the optimizer's state, and where it stood.

import { z } from 'zod';
import { assertSameModel, loadCheckpoint, saveCheckpoint, saveCheckpointState, sourceOf } from '../checkpoint/checkpoint.ts';
import { expectFinite } from '../checkpoint/finiteTensors.ts';
import { wrapperNotes } from '../checkpoint/wrapperNames.ts';
import { ConfigError, DataError } from '../errors.ts';
import type { Module, StateTensor } from '../nn/module.ts';
import type { Metrics, TaskMetadata } from '../tasks/task.ts';
import type { Optimizer } from './optimizer.ts';
import { expectSameClasses, otherMeasure, storedClassNames } from './storedTask.ts';
import type { WeightAverage } from './weightAverage.ts';

/** See storable. */
const metrics = z.record(z.string(), z.union([z.number(), z.null().transform(() => NaN)])).readonly();

/** Metrics at one moment of a run. */
export interface Evaluation {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
  /** Of the weights. */
  readonly metrics: Metrics;
  /** Of the weights' moving average, when there is one. */
  readonly ema?: Metrics;
}

const evaluation: z.ZodType<Evaluation> = z.object({
  step: z.int(), epoch: z.number(), metrics, ema: metrics.exactOptional(),
}).readonly();

const positionSchema = z.object({
  step: z.int().min(0),
  updatesPerEpoch: z.int().min(1),
  last: evaluation.exactOptional(),
  best: evaluation.exactOptional(),
  /** Of training, evaluations left out, over all the processes that had a part in the run. */
  trainSeconds: z.number(),
}).readonly();

/** Where a run stands. */
export type RunPosition = z.output<typeof positionSchema>;

/** The tensors of a run. */
export interface TrainedState {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly average?: WeightAverage | undefined;
}

/** A moment of a run as its checkpoints tell it. */
export interface TrainingMoment {
  readonly position: RunPosition;
  readonly metadata: TaskMetadata;
}

/** What a run that goes on expects of a checkpoint. */
export interface RunExpectation {
  readonly updatesPerEpoch: number;
  /** Updates of the whole schedule. */
  readonly totalSteps: number;
  readonly metadata: TaskMetadata;
}

/** Where a run goes on. */
export interface Restored {
  readonly position: RunPosition;
  /** How its scores were measured, where that was otherwise than now: they are left out of the position then. */
  readonly otherMeasure?: string;
}

/**
 * Writes a checkpoint, complete or not at all.
 * @throws DataError when a weight is not finite (nothing is written), or there is no space
 */
export async function saveTraining(
  directory: string,
  { model, optimizer, average }: TrainedState,
  moment: TrainingMoment,
): Promise<void> {
  const weights = await model.state();
  refuseNonFinite(weights, moment.position.step);
  const ema = await average?.state();
  const checkpoint = { model: weights, optimizer: await optimizer.state(), ...(ema && { ema }), state: stateOf(moment) };
  await saveCheckpoint(directory, checkpoint);
}

/**
 * Replaces what a checkpoint of the same weights says of its moment.
 * @throws DataError when there is no space
 */
export async function savePosition(directory: string, moment: TrainingMoment): Promise<void> {
  await saveCheckpointState(directory, stateOf(moment));
}

function stateOf({ position, metadata }: TrainingMoment): Readonly<Record<string, unknown>> {
  const { last, best } = position;
  return { ...position, ...(last && { last: storable(last) }), ...(best && { best: storable(best) }), task: metadata };
}

/** A checkpoint's state has finite numbers only: a score that is none, since nothing had a label say, is null. */
function storable({ metrics, ema, ...when }: Evaluation): unknown {
  const numbers = (all: Evaluation['metrics']) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Number.isFinite(value) ? value : null]));
  return { ...when, metrics: numbers(metrics), ...(ema && { ema: numbers(ema) }) };
}

/**
 * Takes weights, average and optimizer state from a checkpoint of the same run. On disk nothing changes.
 * @returns where the run stood
 * @throws DataError when the checkpoint is damaged, of another model, of other classes, or has no optimizer state; ConfigError
 *   when its epochs had another number of updates, or it is past the end of the schedule
 */
export async function restoreTraining(
  directory: string,
  { model, optimizer, average }: TrainedState,
  { updatesPerEpoch, totalSteps, metadata }: RunExpectation,
): Promise<Restored> {
  const stored = await loadCheckpoint(directory, { prefer: 'last' });
  const { path, state } = stored;
  const use = { caller: 'restoreTraining', remedy: "go on with that run's data and config, or start another run from its weights with --init" };
  expectSameClasses(state?.['task'], metadata, path, use); // first, since other classes are mostly another number of them too
  assertSameModel(model.namedTensors(), stored.model, path);
  const parsed = positionSchema.safeParse(state);
  if (stored.optimizer === undefined || !parsed.success) {
    const lacking = stored.optimizer === undefined ? 'optimizer.safetensors' : 'the position of a run in state.json';
    throw new DataError(`restoreTraining: expected ${lacking} in ${path}, got none; to start from these weights use --init`);
  }
  if (average !== undefined && stored.ema === undefined) {
    throw new DataError(`restoreTraining: expected ema.safetensors in ${path}, got none: that run kept no average; set ema to 'none'`);
  }
  const position = parsed.data;
  if (position.updatesPerEpoch !== updatesPerEpoch) {
    throw new ConfigError(`restoreTraining: expected ${position.updatesPerEpoch} updates per epoch as in ${path}, got ${updatesPerEpoch}: the data or the batch size have changed; start another run from its weights with --init`);
  }
  if (position.step > totalSteps) {
    throw new ConfigError(`restoreTraining: expected a schedule of at least the ${position.step} updates that ${path} has done, got ${totalSteps}; make it longer, or start another run from its weights with --init`);
  }
  for (const part of ['model', 'optimizer', 'ema'] as const) expectFinite(stored[part] ?? new Map(), await sourceOf(stored, part));
  optimizer.loadState(stored.optimizer, path);
  if (stored.ema !== undefined) average?.loadState(stored.ema, path);
  model.loadState(stored.model);

  const measure = otherMeasure(state?.['task'], metadata);
  if (measure === undefined) return { position };
  const { step, trainSeconds } = position;
  return { position: { step, updatesPerEpoch, trainSeconds }, otherMeasure: measure };
}

/** What a checkpoint says besides its weights. */
export interface LoadedWeights {
  /** Worth telling people, a line each. */
  readonly notes: readonly string[];
  /** In the order of their numbers; absent where it does not say. */
  readonly classNames?: readonly string[];
}

/**
 * Takes only the weights of a checkpoint, to use them: their moving average where it has one, by which the best one was told.
 * @param classNames what its classes must be called, where it says
 * @throws DataError when it is of another model or other classes, or a weight is not finite
 */
export async function loadWeights(path: string, model: Module, classNames?: readonly string[]): Promise<LoadedWeights> {
  const stored = await loadCheckpoint(path, { parts: ['model', 'ema'] });
  const use = { caller: 'loadWeights', remedy: 'give the config of that run' };
  if (classNames !== undefined) expectSameClasses(stored.state?.['task'], { classNames }, stored.path, use);
  const part = stored.ema === undefined ? 'model' : 'ema';
  const weights = new Map([...stored.model, ...(stored.ema ?? [])]); // an average has no counts of batches
  assertSameModel(model.namedTensors(), weights, stored.path);
  expectFinite(weights, await sourceOf(stored, part));
  model.loadState(weights);
  const names = storedClassNames(stored.state?.['task']);
  const notes = [...wrapperNotes(stored.path, stored.wrapper), ...(part === 'ema' ? [`from ${stored.path}: the moving average of the weights`] : [])];
  return { notes, ...(names && { classNames: names }) };
}

function refuseNonFinite(weights: ReadonlyMap<string, StateTensor>, step: number): void {
  for (const [name, { data }] of weights) {
    if (data instanceof BigInt64Array || data.every(Number.isFinite)) continue;
    throw new DataError(`saveTraining: expected finite weights after step ${step}, got ${data.find((value) => !Number.isFinite(value))} in ${name}; no checkpoint was written, the older ones are intact`);
  }
}
