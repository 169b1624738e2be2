import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import { Optimizer } from '../../src/engine/optimizer.ts';
import { loadWeights, restoreTraining, savePosition, saveTraining, type TrainedState } from '../../src/engine/trainingState.ts';
import { WeightAverage } from '../../src/engine/weightAverage.ts';
import { ConfigError, DataError } from '../../src/errors.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';

beforeAll(() => selectBackend());

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-state-'));
  path = join(folder, 'last');
});
afterEach(() => rmSync(folder, { recursive: true }));

const norm = (channels = 2): BatchNorm2d => {
  const made = new BatchNorm2d({ channels });
  made.initialise(0);
  return made;
};

async function stateOf(model: BatchNorm2d, isAveraged = true): Promise<TrainedState> {
  const options = { kind: 'sgd', lr: 1, weightDecay: 0, noDecay: 'none', momentum: 0.9, nesterov: false } as const;
  const average = isAveraged ? await WeightAverage.of(model.namedTensors(), 0.5) : undefined;
  return { model, optimizer: new Optimizer(model.namedParameters(), options), average };
}

const position = { step: 3, updatesPerEpoch: 2, trainSeconds: 1.5 };
const metadata = { classNames: ['a', 'b'], measure: 'score of 5' };
const expected = { updatesPerEpoch: 2, totalSteps: 4, metadata };

/** Writes the checkpoint anew with changes. */
async function change(alter: (stored: Checkpoint) => Partial<Checkpoint>): Promise<void> {
  const { model, ema, optimizer, state } = await loadCheckpoint(path);
  const stored = { model, optimizer: optimizer!, state: state!, ...(ema && { ema }) };
  await saveCheckpoint(path, { ...stored, ...alter(stored) });
}

describe('restoreTraining', () => {
  it('gives back where the run stood, and its scores where they were measured so', async () => {
    const evaluation = { step: 2, epoch: 1, metrics: { score: 0.5 }, ema: { score: 0.6 } };
    await saveTraining(path, await stateOf(norm()), { position, metadata });
    const evaluated = { ...position, last: evaluation, best: evaluation };
    await savePosition(path, { position: evaluated, metadata });
    expect(await restoreTraining(path, await stateOf(norm()), expected)).toEqual({ position: evaluated });
    const now = { ...expected, metadata: { ...metadata, measure: 'score of 7' } };
    expect(await restoreTraining(path, await stateOf(norm()), now)).toEqual({ position, otherMeasure: 'score of 5' });
    const atTheEnd = await restoreTraining(path, await stateOf(norm()), { ...expected, totalSteps: 3 });
    expect(atTheEnd.position.step).toBe(3);
  });

  it('goes on without an average that the run kept', async () => {
    await saveTraining(path, await stateOf(norm()), { position, metadata });
    expect(await restoreTraining(path, await stateOf(norm(), false), expected)).toEqual({ position });
  });

  it('says what a checkpoint lacks, or has otherwise', async () => {
    const restored = async (model = norm(), isAveraged = true, more = {}) =>
      restoreTraining(path, await stateOf(model, isAveraged), { ...expected, ...more });
    await saveTraining(path, await stateOf(norm(), false), { position, metadata });
    await expect(restored()).rejects.toThrow(`expected ema.safetensors in ${path}, got none`);
    await expect(restored(norm(3), false)).rejects.toThrow(/last(?!\/optimizer).* checkpoint of another model/);
    await expect(restored(norm(), false, { metadata: { classNames: ['a', 'c'] } })).rejects.toThrow('expected the classes of');
    await expect(restored(norm(), false, { updatesPerEpoch: 3 })).rejects.toThrow(ConfigError);
    await expect(restored(norm(), false, { totalSteps: 2 })).rejects.toThrow('expected a schedule of at least the 3 updates');

    for (const state of [{ step: -1 }, { step: 1.5 }, { updatesPerEpoch: 0 }, { trainSeconds: 'long' }]) {
      await change((stored) => ({ state: { ...stored.state, ...state } }));
      await expect(restored(norm(), false)).rejects.toThrow(`restoreTraining: expected the position of a run in state.json in ${path}, got none`);
      await change((stored) => ({ state: { ...stored.state, ...position } }));
    }
    await change((stored) => ({ state: { ...stored.state, step: 0 } }));
    expect(await restored(norm(), false)).toMatchObject({ position: { step: 0 } });
    rmSync(join(path, 'optimizer.safetensors'));
    await expect(restored(norm(), false)).rejects.toThrow(`restoreTraining: expected optimizer.safetensors in ${path}, got none; to start from`);
  });

  it.each(['model', 'ema', 'optimizer'] as const)('refuses values in %s that are not finite, and changes nothing', async (part) => {
    const saved = norm();
    saved.weight.set(Float32Array.of(7, 7));
    await saveTraining(path, await stateOf(saved), { position, metadata });
    const name = part === 'optimizer' ? 'momentum_buffer.bias' : 'bias';
    await change((stored) => ({ [part]: new Map([...stored[part]!, [name, { dtype: 'F32', shape: [2], data: Float32Array.of(0, NaN) }]]) }));
    const state = await stateOf(norm());
    await expect(restoreTraining(path, state, expected)).rejects.toThrow(
      `expected finite values for ${name} in ${join(path, `${part}.safetensors`)}, got NaN at 1`);
    expect([...(await state.model.state()).get('weight')!.data]).toEqual([1, 1]);
  });
});

describe('loadWeights', () => {
  it('takes the weights of the same model and classes', async () => {
    const saved = norm();
    saved.weight.set(Float32Array.of(5, 6));
    await saveTraining(path, await stateOf(saved, false), { position, metadata });
    for (const classNames of [undefined, ['a', 'b']]) {
      const model = norm();
      await loadWeights(path, model, classNames);
      expect([...await model.weight.read()]).toEqual([5, 6]);
    }
    await expect(loadWeights(path, norm(), ['b', 'a'])).rejects.toThrow(
      `loadWeights: expected the classes of ${path}, 2 (a, b), got 2 (b, a); give the config of that run`);
    await expect(loadWeights(path, norm(3))).rejects.toThrow(/checkpoint of another model/);
    await change((stored) => ({ model: new Map([...stored.model, ['weight', { dtype: 'F32', shape: [2], data: Float32Array.of(1, Infinity) }]]) }));
    const refused = loadWeights(path, norm());
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toThrow('expected finite values for weight');
  });
});
