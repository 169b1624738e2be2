import { tensor4d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { convTranspose2d, convTranspose2dComposed, type ConvTranspose2dOptions } from '../../src/ops/convTranspose2d.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { imageErrors } from './imageReference.ts';

beforeAll(() => selectBackend());

const rng = new Rng(2);
const on = (run: typeof convTranspose2d, options: ConvTranspose2dOptions) => (...[x, weight, bias]: Tensor[]) =>
  run(x!, weight!, bias, options);

const cases: [name: string, options: ConvTranspose2dOptions, weight: number[]][] = [
  ['2 x 2, stride 2', { stride: 2 }, [4, 3, 2, 2]],
  ['overlapping, cut', { stride: 2, padding: 1 }, [4, 3, 4, 4]],
  ['not square', {}, [4, 2, 3, 1]],
];

describe.each([['convTranspose2d', convTranspose2d], ['convTranspose2dComposed', convTranspose2dComposed]])('%s', (_name, run) => {
  it('spreads each pixel over its window', () => {
    const x = tensor4d([1, 2], [1, 1, 2, 1]);
    const weight = tensor4d([1, 10, 100, 1000], [1, 1, 2, 2]);
    expect([...run(x, weight, undefined, { stride: 2 }).dataSync()]).toEqual([1, 10, 2, 20, 100, 1000, 200, 2000]);
    expect([...run(x, weight).dataSync()]).toEqual([1, 12, 20, 100, 1200, 2000]);
  });

  it.each(cases)('has the gradient of finite differences: %s', (_case, options, shape) => {
    for (const bias of [true, false]) {
      const parameters = [randomTensor(rng, shape), ...(bias ? [randomTensor(rng, [shape[1]!])] : [])];
      const inputs = [randomTensor(rng, [2, 5, 6, 4]), ...parameters];
      expect(Math.max(...gradientErrors(on(run, options), inputs))).toBeLessThan(1e-4);
    }
  });
});

describe('convTranspose2d', () => {
  it.each(cases)('equals the composed one, gradients too: %s', (_case, options, shape) => {
    const inputs = [randomTensor(rng, [2, 9, 7, 4]), randomTensor(rng, shape), randomTensor(rng, [shape[1]!])];
    const composed = outputAndGradients(on(convTranspose2dComposed, options), inputs);
    outputAndGradients(on(convTranspose2d, options), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  const stored: [string, ConvTranspose2dOptions][] = [
    ['conv_transpose_2_2', { stride: 2 }],
    ['conv_transpose_3_1_1', { padding: 1 }],
    ['conv_transpose_4_2_1', { stride: 2, padding: 1 }],
  ];
  it.each(stored)('matches torch: %s', async (name, options) => {
    const errors = await imageErrors(name, on(convTranspose2d, options), ['weight', 'bias']);
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-5);
  });

  it('names the parameter that is wrong', () => {
    const x = randomTensor(rng, [1, 2, 2, 3]);
    expect(() => convTranspose2d(x, randomTensor(rng, [2, 3, 2, 2]))).toThrow(
      new ShapeError('convTranspose2d: expected shape [3, O, kh, kw] for weight, got [2, 3, 2, 2]'));
    expect(() => convTranspose2d(x, randomTensor(rng, [3, 3, 2, 2]), undefined, { padding: 2 })).toThrow(
      new ShapeError('convTranspose2d: expected a padding that leaves something of 2 x 2 pixels, got 2'));
  });
});
