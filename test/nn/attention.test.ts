import { add, mul } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError } from '../../src/errors.ts';
import { Attention, type AttentionOptions } from '../../src/nn/attention.ts';
import { LayerNorm } from '../../src/nn/layerNorm.ts';
import { attention } from '../../src/ops/attention.ts';
import { windowAttention } from '../../src/ops/windowAttention.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';
import { relativeError } from '../reference.ts';

beforeAll(() => selectBackend());

const grid = { height: 3, width: 5 };

function make(options: Partial<AttentionOptions> = {}) {
  const [layer, norm] = [new Attention({ channels: 12, heads: 2, ...options }), new LayerNorm({ channels: 12 })];
  layer.initialise(1);
  norm.initialise(1);
  const rng = new Rng(2);
  for (const { weight } of [layer.qkv, layer.proj]) weight.set(Float32Array.from({ length: weight.size }, () => rng.normal()));
  return { layer, norm };
}

describe('Attention', () => {
  const x = () => randomTensor(new Rng(1), [2, 15, 12]);

  it('adds what the tokens see of each other, among all of them or within windows', () => {
    for (const window of ['global', 2] as const) {
      const { layer, norm } = make({ window });
      const qkv = layer.qkv.forward(norm.forward(x()));
      const mixed = window === 'global' ? attention(qkv, 2) : windowAttention(qkv, 2, grid, window);
      const expected = add(x(), layer.proj.forward(mixed)).dataSync();
      expect(relativeError(layer.forward(x(), norm, { grid }).dataSync(), expected), `${window}`).toBeLessThan(1e-5);
    }
  });

  it('scales what it adds by channel', () => {
    const { layer, norm } = make();
    const layerScale = randomTensor(new Rng(4), [12]);
    const branch = layer.proj.forward(attention(layer.qkv.forward(norm.forward(x())), 2));
    const expected = add(x(), mul(branch, layerScale)).dataSync();
    expect(relativeError(layer.forward(x(), norm, { layerScale }).dataSync(), expected)).toBeLessThan(1e-5);
  });

  it('needs the grid with windows, and takes no bias of the scores then', () => {
    const { layer, norm } = make({ window: 2 });
    expect(() => layer.forward(x(), norm)).toThrow(new ConfigError('Attention: expected the grid of the tokens with windows, got none'));
    expect(() => layer.forward(x(), norm, { grid, bias: randomTensor(new Rng(3), [2, 15, 15]) })).toThrow(
      new ConfigError('Attention: expected no bias of the scores with windows, got one'));
    expect(() => layer.macs(15)).toThrow(ConfigError);
  });

  it('has a bias for qkv unless told otherwise', () => {
    expect(new Attention({ channels: 12, heads: 2 }).qkv.bias?.shape).toEqual([36]);
    expect(new Attention({ channels: 12, heads: 2, qkvBias: false }).qkv.bias).toBeUndefined();
  });

  it('counts the multiply-adds of all pairs, or of those in windows, padding included', () => {
    const projections = 15 * 12 * 4 * 12;
    expect(make().layer.macs(15)).toBe(projections + 2 * 15 * 15 * 12);
    // 3 x 5 tokens are 2 x 3 windows of 4 places each.
    expect(make({ window: 2 }).layer.macs(15, grid)).toBe(projections + 2 * 6 * 4 * 4 * 12);
  });
});
