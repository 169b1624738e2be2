import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { LayerNorm } from '../../src/nn/layerNorm.ts';

beforeAll(() => selectBackend());

it('has an eps of 1e-6 where nothing else is said, alone and with a position added', () => {
  const norm = new LayerNorm({ channels: 2 });
  norm.initialise(0);
  // Mean 0 and variance 1e-6: divided by √2e-6.
  const x = tensor(Float32Array.of(1e-3, -1e-3), [1, 1, 2]);
  const expected = [Math.SQRT1_2, -Math.SQRT1_2];
  norm.forward(x).dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  norm.forward(x, tensor([3, 4], [1, 1, 2])).dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]! + 3 + i, 5));
  expect(norm.tensors.eps).toBe(1e-6);
});
