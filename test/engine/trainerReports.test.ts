// What a run says of itself: its log, its progress and its times, by a clock that is set by hand.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mean, sqrt, sub } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { Progress } from '../../src/engine/progress.ts';
import { openRun } from '../../src/engine/runDirectory.ts';
import { readRunLog } from '../../src/engine/runLog.ts';
import { train, type TrainerObservers, type TrainerOptions } from '../../src/engine/trainer.ts';
import { DataError } from '../../src/errors.ts';
import type { Metrics } from '../../src/tasks/task.ts';
import { LineTask, type LineBatch } from './lineTask.ts';

beforeAll(() => selectBackend({ threads: 1 }));

let folder = '';
let path = '';
/** What the progress wrote, line by line. */
let told: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-reports-'));
  path = join(folder, 'run');
  told = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

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

const progress: NonNullable<TrainerObservers['progress']> = (totalSteps, doneSteps) =>
  new Progress({ totalSteps, doneSteps, stream: { write: (text) => told.push(...text.trimEnd().split('\n')) } });

async function run(task: LineTask, changes: Partial<TrainerOptions> = {}, observers: TrainerObservers = {}, resume = false) {
  const directory = await openRun({ path, config: {}, resume });
  try {
    return await train(task, { ...options, ...changes }, directory, { progress, ...observers });
  } finally {
    directory.log.close();
  }
}

const log = () => readRunLog(join(path, 'log.jsonl'));
const poly = (updates: number): TrainerOptions['schedule'] => ({ kind: 'poly', updates, power: 1, minLr: 0, warmupUpdates: 0, warmupRatio: 1 });

/** A task whose batches take 0.7 s each and whose evaluations take 100 s. */
function clockedTask(batchesPerEpoch = 4): LineTask {
  const clock = { ms: 5000 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.ms);
  const task = new LineTask({ batchesPerEpoch });
  const upload = task.upload.bind(task);
  task.upload = (batch) => {
    clock.ms += 700;
    return upload(batch);
  };
  task.onEvaluate = () => { clock.ms += 100_000; };
  return task;
}

describe('times', () => {
  it('are of training alone: evaluations and checkpoints left out', async () => {
    const { trainSeconds } = await run(clockedTask(), { checkpointEverySteps: 3 });
    expect(trainSeconds).toBeCloseTo(12 * 0.7, 9);
    const lines = log().filter(({ event }) => event === 'train');
    expect(lines.map(({ imagesPerSecond }) => imagesPerSecond)).toEqual(new Array(12).fill(2.857)); // 2 / 0.7 to four digits
    expect((JSON.parse(readFileSync(join(path, 'metrics.json'), 'utf8')) as { trainSeconds: number }).trainSeconds).toBeCloseTo(8.4, 9);
  });

  it('add up over the processes of a run', async () => {
    await run(clockedTask(), {}, { isStopped: () => log().at(-1)?.step === 3 });
    vi.restoreAllMocks();
    expect((await run(clockedTask(), {}, {}, true)).trainSeconds).toBeCloseTo(8.4, 9);
  });

  it('count the pictures of all batches that make an update', async () => {
    const { trainSeconds } = await run(clockedTask(7), { accumulationSteps: 3 });
    expect(trainSeconds).toBeCloseTo(3 * 6 * 0.7, 9);
    const lines = log().filter(({ event }) => event === 'train');
    expect(lines.map(({ imagesPerSecond }) => imagesPerSecond)).toEqual(new Array(6).fill(2.857)); // 6 / 2.1
  });
});

describe('the log', () => {
  it.each([
    [3999, [1, 2, 3, 4]],
    [4000, [2, 4]],
    [5000, [2, 4]],
    [6001, [3]],
  ])('of %i updates has about two thousand lines of training', async (updates, steps) => {
    const update = vi.spyOn(Progress.prototype, 'update');
    const isStopped = () => update.mock.calls.length === 4;
    await run(new LineTask({ batchesPerEpoch: 10_000 }), { schedule: poly(updates) }, { isStopped });
    expect(log().map(({ step }) => step)).toEqual(steps);
  });

  it('has the gradient norm where it is clipped', async () => {
    await run(new LineTask(), { clipGradNorm: 1 });
    expect(log()[0]).toMatchObject({ step: 1, gradientNorm: 4 }); // of (w - 3)² at 1
    rmSync(path, { recursive: true });
    await run(new LineTask());
    expect(Object.keys(log()[0]!)).toEqual(['event', 'step', 'loss', 'learningRate', 'imagesPerSecond']);
  });

  it('tells a gradient norm that is not finite', async () => {
    const task = new LineTask();
    task.loss = () => ({ total: mean(sqrt(sub(task.model.weight.value, 1))), parts: {} }); // 0, and steep there
    await expect(run(task, { clipGradNorm: 1 })).rejects.toThrow(
      'train: expected a finite gradient norm at step 1, got Infinity for the samples sample 0.0a, sample 0.0b; no checkpoint was written yet');
    expect(log()).toEqual([{ event: 'nonFinite', step: 1, name: 'gradient norm', value: 'Infinity', samples: ['sample 0.0a', 'sample 0.0b'] }]);
  });
});

describe('progress', () => {
  it('names epoch and step, and each evaluation', async () => {
    const update = vi.spyOn(Progress.prototype, 'update');
    await run(new LineTask({ scores: [0.5, 0.25, 0.75] }));
    expect(update.mock.calls.map(([{ step, images, label }]) => [step, images, label])).toEqual(
      Array.from({ length: 12 }, (_, i) => [i + 1, 2, `epoch ${Math.floor(i / 4) + 1}/3`]));
    expect(update.mock.calls[0]![0].loss).toBe(4);
    expect(told.filter((line) => line.includes('score'))).toEqual(['epoch 1  score 0.5000', 'epoch 2  score 0.2500', 'epoch 3  score 0.7500']);
  });

  it('names updates where they are counted so, the average beside the weights, and the metrics of the headline', async () => {
    const update = vi.spyOn(Progress.prototype, 'update');
    const task = Object.assign(new LineTask({ scores: [0.5, 0.25, 0.75, 1] }), { headline: ['loss', 'score'] });
    const evaluate = task.evaluate.bind(task);
    task.evaluate = async (how) => ({ ...(await evaluate(how)), loss: 2, top5: 1 });
    await run(task, { evaluateEverySteps: 3, evaluateEveryEpochs: undefined, schedule: poly(5), ema: { decay: 0.5 } });
    expect(update.mock.calls.every(([{ label }]) => label === undefined)).toBe(true);
    expect(told.filter((line) => line.includes('score'))).toEqual([
      'step 3  loss 2.0000  score 0.5000  EMA loss 2.0000  score 0.2500', 'step 5  loss 2.0000  score 0.7500  EMA loss 2.0000  score 1.0000',
    ]);
  });

  it('says how to go on after an evaluation that failed', async () => {
    const task = new LineTask();
    task.onEvaluate = () => { throw new DataError('a photo is cut'); };
    await expect(run(task)).rejects.toThrow('a photo is cut');
    expect(told.at(-1)).toBe('the evaluation failed; the weights after step 4 are saved, and --resume evaluates them again');
  });

  it('goes on after the steps that were done', async () => {
    await run(new LineTask(), {}, { isStopped: () => log().at(-1)?.step === 3 });
    told = [];
    await run(new LineTask(), {}, {}, true);
    expect(told[0]).toBe('resuming after step 3 of 12');
    expect(told.filter((line) => line.includes('resuming'))).toHaveLength(1);
  });
});

describe('batches without labels', () => {
  const samples = ['a', 'b', 'c', 'd', 'e'];
  const task = (isEmpty: (batch: LineBatch) => boolean) => {
    const made = new LineTask();
    made.corrupt = (batch) => (isEmpty(batch) ? { ...batch, x: new Float32Array(2) } : batch);
    made.describe = () => samples;
    return made;
  };

  it('are told of once, and end no run while others have labels', async () => {
    const { step } = await run(task(({ index }) => index < 3)); // three of four, which is no epoch
    expect(step).toBe(12);
    expect(told.filter((line) => line.includes('no label'))).toEqual(
      ['the batch of step 1 has no label, so it teaches nothing: a, b, c']);
  });

  it('end a run where there are as many in turn as an epoch has', async () => {
    await expect(run(task(({ epoch, index }) => epoch > 0 || index > 1))).rejects.toThrow(
      'got none in 4 batches, an epoch, last in a, b, c; look at the labels');
    expect(log().at(-1)).toMatchObject({ step: 5 });
  });
});

describe('an evaluation', () => {
  it('without the main metric is the worst', async () => {
    const task = new LineTask();
    const found: Metrics[] = [{ other: 1 }, { score: -5 }, { other: 2 }];
    task.evaluate = async () => Promise.resolve(found.shift());
    expect((await run(task)).best).toMatchObject({ step: 8, metrics: { score: -5 } });
  });
});

describe('a run that stops or fails', () => {
  it('sees a signal between two steps', async () => {
    let isStopped = false;
    const task = new LineTask();
    const size = task.size.bind(task);
    task.size = (batch) => {
      setImmediate(() => { isStopped = true; });
      return size(batch);
    };
    expect((await run(task, {}, { isStopped: () => isStopped })).step).toBe(1);
  });

  it('fails where the batch that failed is awaited, and nowhere else', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const task = new LineTask();
      task.corrupt = (batch) => {
        if (batch.index === 2) throw new DataError('a photo is cut');
        return batch;
      };
      await expect(run(task)).rejects.toThrow('a photo is cut');
      expect(log().map(({ step }) => step)).toEqual([1, 2]);
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', unhandled);
    }
    expect(unhandled).not.toHaveBeenCalled();
  });
});
