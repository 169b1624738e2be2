import { tensor3d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { meanTokens } from '../../src/ops/meanTokens.ts';
import { Rng } from '../../src/random/rng.ts';
import { gradientErrors, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

describe('meanTokens', () => {
  it('averages over tokens, not over samples or channels', () => {
    expect([...meanTokens(tensor3d([[[1, 2], [3, 4], [8, 9]], [[0, 0], [0, 0], [0, 3]]])).dataSync()]).toEqual([4, 5, 0, 1]);
  });

  it('has the gradient of finite differences', () => {
    expect(gradientErrors((x) => meanTokens(x), [randomTensor(new Rng(1), [2, 5, 3])])[0]).toBeLessThan(1e-4);
  });

  it('refuses what is not [B, N, C]', () => {
    expect(() => meanTokens(randomTensor(new Rng(1), [2, 5]))).toThrow(new ShapeError('meanTokens: expected shape [B, N, C] for x, got [2, 5]'));
  });
});
