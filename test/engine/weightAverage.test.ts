import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { Optimizer } from '../../src/engine/optimizer.ts';
import { restoreTraining, saveTraining } from '../../src/engine/trainingState.ts';
import { WeightAverage } from '../../src/engine/weightAverage.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';

beforeAll(() => selectBackend());

const norm = (mean: number): BatchNorm2d => {
  const made = new BatchNorm2d({ channels: 2 });
  made.initialise(0);
  made.runningMean.set(Float32Array.of(mean, mean));
  made.batches.set(Float32Array.of(mean));
  return made;
};

describe('WeightAverage', () => {
  it('averages running statistics as it does weights, and leaves counts alone', async () => {
    const model = norm(0);
    const average = await WeightAverage.of(model.namedTensors(), 0.75);
    model.runningMean.set(Float32Array.of(4, 8));
    model.weight.set(Float32Array.of(5, 1));
    model.batches.set(Float32Array.of(9));
    average.update();
    const state = await average.state();
    expect([...state].map(([name, { data }]) => [name, [...data]])).toEqual([
      ['weight', [2, 1]], ['bias', [0, 0]], ['running_mean', [1, 2]], ['running_var', [1, 1]],
    ]);
    await average.during(async () => {
      expect([...await model.runningMean.read()]).toEqual([1, 2]);
      expect([...await model.batches.read()]).toEqual([9]);
    });
    expect([...await model.runningMean.read()]).toEqual([4, 8]);
  });
});

describe('WeightAverage.loadState', () => {
  it('refuses the averages of another model, and what is no float32', async () => {
    const average = await WeightAverage.of(norm(0).namedTensors(), 0.5);
    const state = await average.state();
    expect(() => average.loadState(new Map([...state].slice(1)), 'runs/a')).toThrow(/runs\/a\/ema\.safetensors is a checkpoint of another model: 1 keys? missing/);
    expect(() => average.loadState(new Map([...state, ['bias', { dtype: 'I32', shape: [2], data: new Int32Array(2) }]]), 'runs/a')).toThrow(
      'WeightAverage.loadState: expected float32 values for bias in runs/a, got I32');
  });
});

describe('a run with buffers', () => {
  it('is saved and restored with its running statistics and their average', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-test-'));
    const options = { kind: 'sgd', lr: 1, weightDecay: 0, noDecay: 'none', momentum: 0.9, nesterov: false } as const;
    const stateOf = async (model: BatchNorm2d) => ({
      model,
      optimizer: new Optimizer(model.namedParameters(), options),
      average: await WeightAverage.of(model.namedTensors(), 0.5),
    });
    try {
      const saved = await stateOf(norm(3));
      saved.model.runningMean.set(Float32Array.of(7, 7));
      const position = { step: 1, updatesPerEpoch: 1, trainSeconds: 0 };
      const directory = path.join(folder, 'last');
      await saveTraining(directory, saved, { position, metadata: {} });
      const restored = await stateOf(norm(0));
      await restoreTraining(directory, restored, { updatesPerEpoch: 1, totalSteps: 1, metadata: {} });
      expect(await restored.model.state()).toEqual(await saved.model.state());
      expect([...(await restored.average.state()).get('running_mean')!.data]).toEqual([3, 3]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
