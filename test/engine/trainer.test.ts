import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { Progress } from '../../src/engine/progress.ts';
import { checkpointPath, openRun } from '../../src/engine/runDirectory.ts';
import { readRunLog } from '../../src/engine/runLog.ts';
import { train, type TrainerObservers, type TrainerOptions } from '../../src/engine/trainer.ts';
import { TrainingStep } from '../../src/engine/trainingStep.ts';
import { ConfigError, DataError } from '../../src/errors.ts';
import { hashKey } from '../../src/random/rng.ts';
import { tinyClassification } from '../tasks/tinyClassification.ts';
import { bytesOf } from '../bytesOf.ts';
import { LineTask, type LineBatch } from './lineTask.ts';
import { untimedLog } from './untimedLog.ts';

beforeAll(() => selectBackend({ threads: 1 }));

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-trainer-'));
  path = join(folder, 'run');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Plain gradient descent at a rate of 0.01, 3 epochs. */
const options: TrainerOptions = {
  optimizer: { kind: 'sgd', lr: 0.01, weightDecay: 0, momentum: 0, nesterov: false, noDecay: 'none' },
  schedule: { kind: 'step', epochs: 3, stepEpochs: [], gamma: 1, warmupUpdates: 0, warmupRatio: 1 },
  accumulationSteps: 1,
  clipGradNorm: 'none',
  ema: 'none',
  seed: 0,
  evaluateEveryEpochs: 1,
  compile: true,
};

const adam = { kind: 'adamw', lr: 0.1, weightDecay: 0, betas: [0.9, 0.99], eps: 1e-8, noDecay: 'none' } as const;

async function run(task: LineTask, changes: Partial<TrainerOptions> = {}, observers: TrainerObservers = {}, resume = false) {
  const directory = await openRun({ path, config: {}, resume });
  try {
    return await train(task, { ...options, ...changes }, directory, observers);
  } finally {
    directory.log.close();
  }
}

const log = () => readRunLog(join(path, 'log.jsonl'));
const weightOf = async (name: string) => (await loadCheckpoint(checkpointPath(path, name))).model.get('weight')!.data[0] as number;
const stateOf = (name: string): unknown => JSON.parse(readFileSync(join(checkpointPath(path, name), 'state.json'), 'utf8'));

/** w after updates with these batches, by hand: the gradient of b² (w - 3)² is 2 b² (w - 3). */
const descend = (batches: readonly number[], rate = 0.01) => batches.reduce((w, b) => descendOnce(w, b, rate), 1);
const descendOnce = (w: number, b: number, rate: number) => w - rate * 2 * b * b * (w - 3);

describe('train', () => {
  it('takes the steps of gradient descent, logs them, evaluates each epoch and saves', async () => {
    const task = new LineTask({ scores: [0.5, 0.25, 0.75] });
    const result = await run(task);
    const epoch = [1, 2, 3, 4];
    expect(await weightOf('last')).toBeCloseTo(descend([...epoch, ...epoch, ...epoch]), 5);
    expect(task.evaluated[0]).toBeCloseTo(descend(epoch), 5);
    expect(task.evaluated[1]).toBeCloseTo(descend([...epoch, ...epoch]), 5);

    const events = log();
    expect(events.map(({ event, step }) => `${event} ${step}`).slice(0, 6)).toEqual(
      ['train 1', 'train 2', 'train 3', 'train 4', 'evaluate 4', 'train 5']);
    expect(events[0]).toMatchObject({ loss: 4, learningRate: 0.01 });
    expect(events[1]!['loss']).toBeCloseTo(4 * (descend([1]) - 3) ** 2, 4);
    expect(events[4]).toEqual({ event: 'evaluate', step: 4, epoch: 1, metrics: { score: 0.5 } });

    expect(result).toMatchObject({ step: 12, totalSteps: 12, best: { step: 12, metrics: { score: 0.75 } }, last: { epoch: 3 } });
    expect(JSON.parse(readFileSync(join(path, 'metrics.json'), 'utf8'))).toMatchObject({ best: { epoch: 3 }, last: { step: 12 } });
    expect(stateOf('last')).toMatchObject({ step: 12, updatesPerEpoch: 4, task: { unit: 'm' } });
  });

  it('keeps the best checkpoint: the first of the best score', async () => {
    await run(new LineTask({ scores: [0.25, 0.5, 0.5] }));
    expect(await weightOf('best')).toBeCloseTo(descend([1, 2, 3, 4, 1, 2, 3, 4]), 5);
    expect(stateOf('best')).toMatchObject({ step: 8, best: { epoch: 2 } });
    expect(stateOf('last')).toMatchObject({ step: 12, best: { epoch: 2 }, last: { epoch: 3 } });
  });

  it('evaluates the moving average too, by which the best is told, and gives the weights back', async () => {
    const task = new LineTask({ scores: [0.9, 0.1, 0.2, 0.8, 0.3, 0.7] });
    const result = await run(task, { ema: { decay: 0.5 } });
    let [w, average] = [1, 1];
    for (const b of [1, 2, 3, 4]) {
      w -= 0.02 * b * b * (w - 3);
      average += 0.5 * (w - average);
    }
    expect(task.evaluated[0]).toBeCloseTo(w, 5);
    expect(task.evaluated[1]).toBeCloseTo(average, 5);
    expect(await weightOf('last')).toBeCloseTo(descend([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]), 5);
    expect(result.best).toEqual({ step: 8, epoch: 2, metrics: { score: 0.2 }, ema: { score: 0.8 } });
    expect((await loadCheckpoint(checkpointPath(path, 'last'))).ema!.has('weight')).toBe(true);
  });

  it('evaluates as seldom as it is told, and at the end', async () => {
    await run(new LineTask(), { evaluateEveryEpochs: 2 });
    expect(log().filter(({ event }) => event === 'evaluate').map(({ epoch }) => epoch)).toEqual([2, 3]);
  });

  describe('with evaluations by updates', () => {
    const byUpdates: Partial<TrainerOptions> = {
      schedule: { kind: 'poly', updates: 11, power: 1, minLr: 0, warmupUpdates: 2, warmupRatio: 0.1 },
      evaluateEveryEpochs: undefined,
      evaluateEverySteps: 3,
    };
    const evaluations = () => log().filter(({ event }) => event === 'evaluate').map(({ step }) => step);

    it('evaluates and saves there and at the end, wherever the epochs end', async () => {
      const task = new LineTask();
      const result = await run(task, byUpdates);
      expect(evaluations()).toEqual([3, 6, 9, 11]);
      expect(result).toMatchObject({ step: 11, totalSteps: 11 });
      const rate = (update: number) => 0.01 * (1 - update / 11) * (update < 2 ? 1 - (1 - update / 2) * 0.9 : 1);
      const w = Array.from({ length: 11 }, (_, i) => i).reduce((value, i) => descendOnce(value, (i % 4) + 1, rate(i)), 1);
      expect(await weightOf('last')).toBeCloseTo(w, 5);
    });

    it('goes on from where it was stopped to the same weights', async () => {
      await run(new LineTask(), byUpdates);
      const whole = await weightOf('last');
      rmSync(path, { recursive: true });
      let asked = 0;
      const { step } = await run(new LineTask(), byUpdates, { isStopped: () => ++asked > 12 });
      expect(step).toBeLessThan(11);
      await run(new LineTask(), byUpdates, {}, true);
      expect(await weightOf('last')).toBe(whole);
      expect(evaluations()).toEqual([3, 6, 9, 11]);
    });
  });

  it('scales the learning rate by parameter', async () => {
    await run(new LineTask(), { learningRateScale: (name) => (name === 'weight' ? 0.5 : 1) });
    const epoch = [1, 2, 3, 4];
    expect(await weightOf('last')).toBeCloseTo(descend([...epoch, ...epoch, ...epoch], 0.005), 5);
  });

  it('adds gradients up, and leaves out batches that make no update', async () => {
    const task = new LineTask({ batchesPerEpoch: 5 });
    const result = await run(task, { accumulationSteps: 2 });
    expect(result.totalSteps).toBe(6);
    const pair = (w: number, a: number, b: number) => w - (0.01 * 2 * (a * a + b * b) * (w - 3)) / 2;
    let w = 1;
    for (let epoch = 0; epoch < 3; epoch++) w = pair(pair(w, 1, 2), 3, 4);
    expect(await weightOf('last')).toBeCloseTo(w, 5);
  });

  it('follows the schedule, one rate per update', async () => {
    const schedule = { kind: 'poly', updates: 3, power: 1, minLr: 0, warmupUpdates: 0, warmupRatio: 1 } as const;
    const result = await run(new LineTask(), { schedule });
    expect(result.step).toBe(3); // in the midst of an epoch
    expect(log().filter(({ event }) => event === 'train').map((line) => line['learningRate'])).toEqual(
      [0.01, 0.01 * (1 - 1 / 3), 0.01 * (1 - 2 / 3)].map((rate) => expect.closeTo(rate, 10) as number));
    expect(log().at(-1)).toMatchObject({ event: 'evaluate', step: 3, epoch: 0.75 });
    const [one, two, three] = [descend([1]), 2, 3] as const;
    const w2 = one - (2 / 300) * 2 * two ** 2 * (one - 3);
    expect(await weightOf('last')).toBeCloseTo(w2 - (1 / 300) * 2 * three ** 2 * (w2 - 3), 5);
  });

  it('stops where it is told and goes on to the same weights and log, without seeing a batch twice', async () => {
    const changes = { ema: { decay: 0.9 }, clipGradNorm: 1 };
    const lines = () => untimedLog(join(path, 'log.jsonl'));
    await run(new LineTask(), changes);
    const whole = { ...(await loadCheckpoint(checkpointPath(path, 'last'))), lines: lines() };

    for (const stop of [3, 4, 6]) { // within an epoch, at its end
      rmSync(path, { recursive: true });
      const part = await run(new LineTask(), changes, { isStopped: () => log().at(-1)?.step === stop });
      expect(part.step).toBe(stop);
      const task = new LineTask();
      await run(task, changes, {}, true);
      expect(task.seen[0]).toBe(`${Math.floor(stop / 4)}.${stop % 4}`);
      const resumed = await loadCheckpoint(checkpointPath(path, 'last'));
      expect([resumed.model, resumed.ema, resumed.optimizer]).toEqual([whole.model, whole.ema, whole.optimizer]);
      expect(lines()).toEqual(whole.lines);
    }
  });

  it('has the weights on disk before it evaluates, and repeats an evaluation that failed', async () => {
    await run(new LineTask({ scores: [0.5, 0.25] }));
    const whole = { weight: await weightOf('last'), lines: untimedLog(join(path, 'log.jsonl')) };
    rmSync(path, { recursive: true });
    const saved: unknown[] = [];
    const task = new LineTask({ scores: [0.5, 0.25] });
    task.onEvaluate = () => {
      saved.push((stateOf('last') as { step: number }).step);
      if (saved.length === 2) throw new DataError('a photo is cut');
    };
    await expect(run(task)).rejects.toThrow('a photo is cut');
    expect(saved).toEqual([4, 8]);
    expect(stateOf('last')).toMatchObject({ step: 8, last: { step: 4 }, best: { step: 4 } });
    expect(await weightOf('last')).toBeCloseTo(descend([1, 2, 3, 4, 1, 2, 3, 4]), 5);
    await run(new LineTask({ scores: [0.25] }), {}, {}, true);
    expect(await weightOf('last')).toBe(whole.weight);
    expect(untimedLog(join(path, 'log.jsonl'))).toEqual(whole.lines);
    expect(stateOf('best')).toMatchObject({ step: 4 });
  });

  it('goes on from `best` where `last` is missing', async () => {
    await run(new LineTask({ scores: [0.5, 0.25, 0.25] }));
    const whole = { weight: await weightOf('last'), lines: untimedLog(join(path, 'log.jsonl')) };
    rmSync(checkpointPath(path, 'last'), { recursive: true });
    const task = new LineTask({ scores: [0.25] });
    await run(task, {}, {}, true);
    expect(task.seen[0]).toBe('1.0');
    expect([await weightOf('last'), untimedLog(join(path, 'log.jsonl'))]).toEqual([whole.weight, whole.lines]);
    // Of a run that ended with its best: nothing is left to train, and `last` is there again.
    rmSync(path, { recursive: true });
    await run(new LineTask());
    rmSync(checkpointPath(path, 'best'), { recursive: true });
    renameSync(checkpointPath(path, 'last'), checkpointPath(path, 'best'));
    await run(new LineTask(), {}, {}, true);
    expect(await weightOf('last')).toBe(whole.weight);
  });

  it('takes any score for better than none, also after a resume', async () => {
    const first = new LineTask({ scores: [NaN] });
    await run(first, {}, { isStopped: () => first.evaluated.length === 2 });
    expect(stateOf('last')).toMatchObject({ step: 8, best: { step: 4, metrics: { score: null } } });
    const result = await run(new LineTask({ scores: [0.1, NaN] }), {}, {}, true);
    expect(result).toMatchObject({ best: { step: 8, metrics: { score: 0.1 } }, last: { step: 12, metrics: { score: NaN } } });
  });

  it('does not keep a best score of another measure, and says so', async () => {
    const first = new LineTask({ scores: [0.9] });
    first.metadata = { measure: 'score of 5 samples' };
    await run(first, {}, { isStopped: () => first.evaluated.length === 2 }); // in the second evaluation
    expect(stateOf('last')).toMatchObject({ step: 8, best: { step: 4, metrics: { score: 0.9 } } });
    const task = new LineTask({ scores: [0.1, 0.05] });
    task.metadata = { measure: 'score of 7 samples' };
    let told = '';
    const progress = (totalSteps: number) => new Progress({ totalSteps, stream: { write: (text) => (told += text) } });
    const result = await run(task, {}, { progress }, true);
    expect(told).toContain('the best score so far is not kept: it is score of 5 samples, and now it is score of 7 samples\n');
    expect(result).toMatchObject({ best: { step: 8, metrics: { score: 0.1 } }, last: { step: 12 } });
    expect(stateOf('best')).toMatchObject({ step: 8, task: { measure: 'score of 7 samples' } });
  });

  it('refuses to go on with other classes, with both lists, or past the end of the schedule, and changes nothing', async () => {
    const named = (...classNames: string[]) => Object.assign(new LineTask(), { metadata: { classNames } });
    await run(named('ant', 'bee', 'cat'));
    const before = bytesOf(path);
    await expect(run(named('ant', 'bee', 'wasp'), {}, {}, true)).rejects.toThrow(
      `restoreTraining: expected the classes of ${checkpointPath(path, 'last')}, 3 (ant, bee, cat), got 3 (ant, bee, wasp); `);
    const numbered = (last: string) => [...Array.from({ length: 40 }, (_, i) => `c${i}`), last];
    await expect(run(named(...numbered('x')), {}, {}, true)).rejects.toThrow('got 41 (from class 0 on c0, c1, ');
    const shorter = { ...options.schedule, epochs: 2 } as TrainerOptions['schedule'];
    await expect(run(named('ant', 'bee', 'cat'), { schedule: shorter }, {}, true)).rejects.toThrow('expected a schedule of at least the 12 updates');
    expect(bytesOf(path)).toEqual(before);
  });

  it('writes nothing before its first pass has come to an end', async () => {
    const task = new LineTask();
    task.corrupt = () => { throw new DataError('a photo is cut'); };
    await expect(run(task)).rejects.toThrow('a photo is cut');
    expect(existsSync(path)).toBe(false);
    await run(new LineTask(), {}, { isStopped: () => log().at(-1)?.step === 6 });
    const before = bytesOf(path);
    await expect(run(task, { ema: { decay: 0.5 } }, {}, true)).rejects.toThrow('expected ema.safetensors');
    await expect(run(task, {}, {}, true)).rejects.toThrow('a photo is cut');
    expect(bytesOf(path)).toEqual(before);
  });

  it('says that a batch without labels teaches nothing, and stops where an epoch has none', async () => {
    const empty = (batch: LineBatch) => ({ ...batch, x: new Float32Array(2) });
    const one = new LineTask();
    one.corrupt = (batch) => (batch.epoch === 0 && batch.index === 1 ? empty(batch) : batch);
    let told = '';
    const progress = (totalSteps: number) => new Progress({ totalSteps, stream: { write: (text) => (told += text) } });
    expect((await run(one, {}, { progress })).step).toBe(12);
    expect(told.split('\n').filter((line) => line.includes('no label'))).toEqual(
      ['the batch of step 2 has no label, so it teaches nothing: sample 0.1a, sample 0.1b']);
    rmSync(path, { recursive: true });
    const all = new LineTask();
    all.corrupt = empty;
    await expect(run(all)).rejects.toThrow('train: expected labels in the training data, got none in 4 batches, an epoch, last in sample 0.3a');
  });

  it('stopped amid an epoch of accumulated batches, goes on with the batch that comes next', async () => {
    const changes = { accumulationSteps: 2 };
    await run(new LineTask({ batchesPerEpoch: 7 }), changes);
    const whole = await weightOf('last');
    for (const [stop, next] of [[1, '0.2'], [2, '0.4'], [4, '1.2']] as const) {
      rmSync(path, { recursive: true });
      await run(new LineTask({ batchesPerEpoch: 7 }), changes, { isStopped: () => log().at(-1)?.step === stop });
      const task = new LineTask({ batchesPerEpoch: 7 });
      await run(task, changes, {}, true);
      expect(task.seen[0]).toBe(next);
      expect(await weightOf('last')).toBe(whole);
    }
  });

  it('seeds each pass by its number, so that no two draw the same, resumed or not', async () => {
    const passes = vi.spyOn(TrainingStep.prototype, 'run');
    const changes = { accumulationSteps: 2, seed: 5 };
    await run(new LineTask(), changes, { isStopped: () => log().at(-1)?.step === 3 });
    await run(new LineTask(), changes, {}, true);
    const seeds = passes.mock.calls.map(([, { seed }]) => seed);
    passes.mockRestore();
    expect(seeds).toEqual(Array.from({ length: 12 }, (_, pass) => hashKey(5, pass)));
  });

  it('makes up for an evaluation in which it was stopped', async () => {
    const task = new LineTask();
    const stopped = await run(task, {}, { isStopped: () => task.evaluated.length > 0 });
    expect([stopped.step, stopped.last]).toEqual([4, undefined]);
    expect(log().some(({ event }) => event === 'evaluate')).toBe(false);
    await run(new LineTask(), {}, {}, true);
    expect(log().filter(({ event }) => event === 'evaluate').map(({ step }) => step)).toEqual([4, 8, 12]);
  });

  it('has nothing to do when a finished run is resumed', async () => {
    await run(new LineTask());
    const before = [readFileSync(join(path, 'log.jsonl'), 'utf8'), statSync(checkpointPath(path, 'last')).ino];
    const task = new LineTask();
    expect((await run(task, {}, {}, true)).step).toBe(12);
    expect([task.seen, task.evaluated]).toEqual([[], []]);
    expect([readFileSync(join(path, 'log.jsonl'), 'utf8'), statSync(checkpointPath(path, 'last')).ino]).toEqual(before);
  });

  it('evaluates and saves after each update where an epoch has one, or where it is told so', async () => {
    for (const changes of [{}, { evaluateEveryEpochs: undefined, evaluateEverySteps: 1 }]) {
      const saved: unknown[] = [];
      const task = new LineTask({ batchesPerEpoch: 1 });
      task.onEvaluate = () => saved.push((stateOf('last') as { step: number }).step);
      expect((await run(task, changes)).step).toBe(3);
      expect(saved).toEqual([1, 2, 3]);
      rmSync(path, { recursive: true });
    }
  });

  it('leaves no tensor behind', async () => {
    const task = new LineTask();
    await run(task); // a task keeps its own
    rmSync(path, { recursive: true });
    const before = memory().numTensors;
    await run(task, { ema: { decay: 0.5 }, accumulationSteps: 2, clipGradNorm: 1, optimizer: adam });
    expect(memory().numTensors).toBe(before);
  });

  it('counts updates from 1, as the correction of moments wants', async () => {
    const schedule = { kind: 'poly', updates: 2, power: 0, minLr: 0, warmupUpdates: 0, warmupRatio: 1 } as const;
    await run(new LineTask({ batchesPerEpoch: 8 }), { optimizer: adam, schedule }, { isStopped: () => log().at(-1)?.step === 1 });
    expect(await weightOf('last')).toBeCloseTo(1.1, 6); // the first step of Adam is the learning rate
  });

  it('killed before its first checkpoint, starts over and logs each step once', async () => {
    const cut = new LineTask();
    cut.corrupt = (batch) => {
      if (batch.index === 2) throw new DataError('a photo is cut');
      return batch;
    };
    await expect(run(cut)).rejects.toThrow('a photo is cut');
    expect(log().map(({ step }) => step)).toEqual([1, 2]);
    await run(new LineTask(), {}, {}, true);
    expect(log().filter(({ event }) => event === 'train').map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('stopped in its last evaluation, makes up for it and begins the run anew', async () => {
    const first = new LineTask();
    await run(first, {}, { isStopped: () => first.evaluated.length === 3 });
    expect(log().filter(({ event }) => event === 'evaluate')).toHaveLength(2);
    rmSync(join(path, 'env.json'));
    await run(new LineTask(), {}, {}, true);
    expect(log().filter(({ event }) => event === 'evaluate')).toHaveLength(3);
    expect(existsSync(join(path, 'env.json'))).toBe(true);
  });

  it('stopped before its first update, can be resumed', async () => {
    expect((await run(new LineTask(), {}, { isStopped: () => true })).step).toBe(0);
    expect(stateOf('last')).toMatchObject({ step: 0, trainSeconds: 0 });
    expect((await run(new LineTask(), {}, {}, true)).step).toBe(12);
    expect(log().filter(({ event }) => event === 'train')).toHaveLength(12);
  });

  it('saves every so many steps when told to', async () => {
    const saved = new Set<unknown>();
    const isStopped = () => {
      if (existsSync(checkpointPath(path, 'last'))) saved.add((stateOf('last') as { step: number }).step);
      return false;
    };
    await run(new LineTask(), { checkpointEverySteps: 3 }, { isStopped });
    expect([...saved]).toEqual([3, 4, 6, 8, 9, 12]);
  });

  it('stops at a loss that is not finite, names step and samples, and keeps the last checkpoint as it was', async () => {
    const task = new LineTask();
    task.corrupt = (batch) => (batch.epoch === 1 && batch.index === 2 ? { ...batch, x: Float32Array.of(3, NaN) } : batch);
    const failing = run(task);
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(
      'train: expected a finite loss at step 7, got NaN for the samples sample 1.2a, sample 1.2b; the checkpoint of step 4 is intact');
    expect(await weightOf('last')).toBeCloseTo(descend([1, 2, 3, 4]), 5);
    expect(log().at(-1)).toEqual({ event: 'nonFinite', step: 7, name: 'loss', value: 'NaN', samples: ['sample 1.2a', 'sample 1.2b'] });
  });

  it('never saves weights that are not finite, even when every loss was', async () => {
    // The loss of the last batch is finite, its gradient times the rate is not; nothing after it would tell.
    const huge = { ...options.optimizer, lr: 1e38 };
    const schedule = { kind: 'poly', updates: 2, power: 1, minLr: 0, warmupUpdates: 1, warmupRatio: 0 } as const;
    const failing = run(new LineTask(), { optimizer: huge, schedule });
    await expect(failing).rejects.toThrow(/expected finite weights after step 2, got -?(Infinity|NaN) in weight; no checkpoint was written/);
    expect(existsSync(checkpointPath(path, 'last'))).toBe(false);
  });

  it('refuses epochs without an update, and a run whose epochs have changed', async () => {
    await expect(run(new LineTask(), { accumulationSteps: 5 })).rejects.toThrow('expected at least 5 batches in an epoch (accumulationSteps), got 4');
    expect(existsSync(path)).toBe(false);
    await run(new LineTask());
    const changed = run(new LineTask({ batchesPerEpoch: 5 }), {}, {}, true);
    await expect(changed).rejects.toThrow(ConfigError);
    await expect(changed).rejects.toThrow('expected 4 updates per epoch as in');
  });

  it('trains a classifier', async () => {
    const task = tinyClassification();
    const before = memory().numTensors;
    const directory = await openRun({ path, config: {} });
    const schedule = { kind: 'cosine', epochs: 15, warmupEpochs: 1, warmupLr: 0, minLr: 0, cooldownEpochs: 0 } as const;
    const optimizer = { kind: 'adamw', lr: 5e-3, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' } as const;
    const result = await train(task, { ...options, schedule, optimizer, clipGradNorm: 1 }, directory);
    directory.log.close();
    expect(result.last!.metrics['top1']).toBe(1); // 1/3 by chance
    expect(memory().numTensors).toBe(before);
    await task.close();
  });
});
