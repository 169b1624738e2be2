import { add, mul, reshape } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { LayerNorm } from '../../src/nn/layerNorm.ts';
import { Mlp } from '../../src/nn/mlp.ts';
import { gelu } from '../../src/ops/gelu.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';
import { relativeError } from '../reference.ts';

beforeAll(() => selectBackend());

it('adds two layers with a GELU between them, scaled by sample and by channel', () => {
  const [layer, norm] = [new Mlp({ channels: 6, hidden: 9 }), new LayerNorm({ channels: 6 })];
  layer.initialise(1);
  norm.initialise(1);
  const rng = new Rng(2);
  for (const { weight } of [layer.fc1, layer.fc2]) weight.set(Float32Array.from({ length: weight.size }, () => rng.normal()));
  const [x, scale, layerScale] = [randomTensor(rng, [2, 5, 6]), randomTensor(rng, [2]), randomTensor(rng, [6])] as const;
  const branch = layer.fc2.forward(gelu(layer.fc1.forward(norm.forward(x))));
  const factors = mul(reshape(scale, [2, 1, 1]), layerScale);
  const scaled = layer.forward(x, norm, { scale, layerScale });
  expect(relativeError(layer.forward(x, norm).dataSync(), add(x, branch).dataSync())).toBeLessThan(1e-5);
  expect(relativeError(scaled.dataSync(), add(x, mul(branch, factors)).dataSync())).toBeLessThan(1e-5);
  expect(layer.macs(5)).toBe(2 * 5 * 6 * 9);
});
