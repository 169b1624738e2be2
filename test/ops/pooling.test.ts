import { tensor4d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { adaptiveAvgPool2d, adaptiveAvgPool2dComposed } from '../../src/ops/adaptiveAvgPool2d.ts';
import { maxPool2d, maxPool2dComposed } from '../../src/ops/maxPool2d.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { imageErrors } from './imageReference.ts';

beforeAll(() => selectBackend());

const rng = new Rng(4);

describe.each([['adaptiveAvgPool2d', adaptiveAvgPool2d], ['adaptiveAvgPool2dComposed', adaptiveAvgPool2dComposed]])('%s', (_name, run) => {
  it('covers every pixel, some twice where the sizes do not divide', () => {
    const x = tensor4d([1, 2, 6], [1, 1, 3, 1]);
    expect([...run(x, [1, 2]).dataSync()]).toEqual([1.5, 4]);
    expect([...run(x, [1, 1]).dataSync()]).toEqual([3]);
    expect([...run(x, [2, 3]).dataSync()]).toEqual([1, 2, 6, 1, 2, 6]);
  });

  it.each([[3, 2], [1, 1], [4, 6], [7, 9]] as const)('has the gradient of finite differences: %i x %i', (height, width) => {
    expect(gradientErrors((x) => run(x, [height, width]), [randomTensor(rng, [2, 5, 6, 3])])[0]).toBeLessThan(1e-4);
  });
});

describe('adaptiveAvgPool2d', () => {
  it.each([1, 2, 3, 6])('matches torch: %i', async (side) => {
    const errors = await imageErrors(`adaptive_avg_pool_${side}`, (x) => adaptiveAvgPool2d(x, [side, side]));
    expect(Math.max(...Object.values(errors))).toBeLessThan(5e-6);
  });
});

const window = { kernel: 3, stride: 2, padding: 1 };

describe.each([['maxPool2d', maxPool2d], ['maxPool2dComposed', maxPool2dComposed]])('%s', (_name, run) => {
  it('never takes what is outside', () => {
    const x = tensor4d([-1, -2, -3, -4, -5, -6, -7, -8, -9], [1, 3, 3, 1]);
    expect([...run(x, window).dataSync()]).toEqual([-1, -2, -4, -5]);
    expect([...run(x, { kernel: 2 }).dataSync()]).toEqual([-1]);
  });

  it('has the gradient of finite differences', () => {
    const shuffled = Float32Array.from({ length: 2 * 5 * 6 * 3 }, (_, i) => (i * 97) % 180);
    expect(gradientErrors((x) => run(x, window), [tensor4d(shuffled, [2, 5, 6, 3])], 0.1)[0]).toBeLessThan(1e-4);
  });
});

describe('maxPool2d', () => {
  it.each([window, { kernel: 2 }, { kernel: 3, stride: 3, padding: 1 }])('equals the composed one, gradient too: %j', (options) => {
    const inputs = [randomTensor(rng, [2, 9, 8, 5])];
    const expected = outputAndGradients((x) => maxPool2dComposed(x, options), inputs);
    outputAndGradients((x) => maxPool2d(x, options), inputs).forEach((values, i) =>
      expect(relativeError(values, expected[i]!)).toBeLessThan(1e-6));
  });

  it('matches torch', async () => {
    const errors = await imageErrors('max_pool_3_2_1', (x) => maxPool2d(x, window));
    expect(Math.max(...Object.values(errors))).toBeLessThan(5e-6);
  });

  it('names the parameter that is wrong', () => {
    const x: Tensor = randomTensor(rng, [1, 2, 2, 3]);
    expect(() => maxPool2d(x, { kernel: 3, padding: 2 })).toThrow(
      new ShapeError('maxPool2d: expected a whole number in 0 … 1 for padding, got 2'));
    expect(() => maxPool2d(x, { kernel: 3 })).toThrow(
      new ShapeError('maxPool2d: expected an image that holds the 3 x 3 window for x, got 2 x 2'));
  });
});
