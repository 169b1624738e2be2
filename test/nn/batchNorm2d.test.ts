import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { DataError } from '../../src/errors.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';
import { Module } from '../../src/nn/module.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

class Stem extends Module {
  readonly norm = this.child('stem.1', new BatchNorm2d({ channels: 3 }));
}

const trained = (): Stem => {
  const stem = new Stem();
  stem.initialise(0);
  for (let i = 0; i < 2; i++) stem.norm.forward(randomTensor(new Rng(i), [2, 4, 4, 3], 3), true).dispose();
  return stem;
};

describe('BatchNorm2d', () => {
  it('has running statistics of a standard normal at first, which no optimizer sees', async () => {
    const stem = new Stem();
    stem.initialise(0);
    expect([...stem.namedParameters().keys()]).toEqual(['stem.1.weight', 'stem.1.bias']);
    expect([...stem.namedBuffers().keys()]).toEqual(['stem.1.running_mean', 'stem.1.running_var', 'stem.1.num_batches_tracked']);
    const state = await stem.state();
    expect([...state].map(([, { data }]) => [...data])).toEqual([[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1], [0n]]);
  });

  it("has torch's momentum of 0.1 and eps of 1e-5 where nothing else is said", async () => {
    const stem = new Stem();
    stem.initialise(0);
    const x = tensor(Float32Array.of(0, 10, 20, 2, 12, 22), [1, 1, 2, 3]); // means 1, 11, 21, unbiased variances 2
    stem.norm.forward(x, true).dispose();
    const [means, variances] = [await stem.norm.runningMean.read(), await stem.norm.runningVar.read()];
    [0.1, 1.1, 2.1].forEach((value, i) => expect(means[i]).toBeCloseTo(value, 6));
    variances.forEach((value) => expect(value).toBeCloseTo(0.9 * 1 + 0.1 * 2, 6));
    stem.norm.runningMean.set(new Float32Array(3));
    stem.norm.runningVar.set(new Float32Array(3));
    const [scaled] = stem.norm.forward(tensor(Float32Array.of(0.01, 0, 0), [1, 1, 1, 3]), false).dataSync();
    expect(scaled).toBeCloseTo(0.01 / Math.sqrt(1e-5), 4);
    const [negative] = stem.norm.forward(tensor(Float32Array.of(-0.01, 0, 0), [1, 1, 1, 3]), false).dataSync(); // no ReLU
    expect(negative).toBeCloseTo(-0.01 / Math.sqrt(1e-5), 4);
  });

  it('keeps its statistics in a checkpoint, the count as int64', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-test-'));
    try {
      const file = path.join(folder, 'model.safetensors');
      const from = trained();
      await writeSafetensors(file, await from.state());
      const stored = await readSafetensors(file);
      expect(stored.get('stem.1.num_batches_tracked')).toEqual({ dtype: 'I64', shape: [], data: BigInt64Array.of(2n) });
      const to = new Stem();
      expect(to.loadState(stored)).toEqual({ missing: [], unexpected: [] });
      expect(await to.state()).toEqual(await from.state());
      const x = randomTensor(new Rng(5), [1, 2, 2, 3]);
      expect([...to.norm.forward(x, false).dataSync()]).toEqual([...from.norm.forward(x, false).dataSync()]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('loads checkpoints without the count, which torch once had not; statistics must be there', async () => {
    const state = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { dtype, shape, data }] of await trained().state()) if (dtype === 'F32') state.set(name, { shape, data });
    const stem = new Stem();
    stem.loadState(state);
    stem.initialise(0);
    expect(await stem.norm.batches.read()).toEqual(Float32Array.of(0));
    expect([...await stem.norm.runningMean.read()]).toEqual([...state.get('stem.1.running_mean')!.data]);
    state.delete('stem.1.running_var');
    expect(() => new Stem().loadState(state)).toThrow(new DataError(
      'loadState: expected the parameters of this model for state, got 1 missing: stem.1.running_var'));
  });
});
