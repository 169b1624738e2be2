import { tensor4d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { conv2d, conv2dComposed, type Conv2dOptions } from '../../src/ops/conv2d.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { imageErrors } from './imageReference.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);
const on = (run: typeof conv2d, options: Conv2dOptions) => (...[x, weight, bias]: Tensor[]) => run(x!, weight!, bias, options);

const cases: [name: string, options: Conv2dOptions, weight: number[]][] = [
  ['plain', {}, [5, 4, 3, 2]],
  ['strided and padded', { stride: 2, padding: 1 }, [6, 4, 3, 3]],
  ['pointwise', {}, [3, 4, 1, 1]],
  ['depthwise', { padding: 1, groups: 4 }, [4, 1, 3, 3]],
  ['in groups', { padding: 1, groups: 2 }, [6, 2, 3, 3]],
];

describe.each([['conv2d', conv2d], ['conv2dComposed', conv2dComposed]])('%s', (_name, run) => {
  it('slides the kernel, not mirrored, over zeros outside', () => {
    const x = tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const weight = tensor4d([0, 0, 0, 0, 1, 10, 0, 100, 1000], [1, 1, 3, 3]); // this, right, below, below right
    expect([...run(x, weight, undefined, { padding: 1 }).dataSync()]).toEqual([4321, 402, 43, 4]);
    expect([...run(x, weight, undefined, { padding: 1, stride: 2 }).dataSync()]).toEqual([4321]);
  });

  it.each(cases)('has the gradient of finite differences: %s', (_case, options, shape) => {
    for (const bias of [true, false]) {
      const parameters = [randomTensor(rng, shape), ...(bias ? [randomTensor(rng, [shape[0]!])] : [])];
      const inputs = [randomTensor(rng, [2, 5, 6, 4]), ...parameters];
      expect(Math.max(...gradientErrors(on(run, options), inputs))).toBeLessThan(1e-4);
    }
  });
});

describe('conv2d', () => {
  it.each(cases)('equals the composed one, gradients too: %s', (_case, options, shape) => {
    const inputs = [randomTensor(rng, [2, 15, 14, 4]), randomTensor(rng, shape), randomTensor(rng, [shape[0]!])];
    const composed = outputAndGradients(on(conv2dComposed, options), inputs);
    outputAndGradients(on(conv2d, options), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  const stored: [string, Conv2dOptions][] = [
    ['conv_3_1_1', { padding: 1 }],
    ['conv_3_1_2_d2', { padding: 2, dilation: 2 }],
    ['conv_7_2_3', { stride: 2, padding: 3 }],
    ['conv_dw3', { padding: 1, groups: 3 }],
  ];
  it.each(stored)('matches torch: %s', async (name, options) => {
    const errors = await imageErrors(name, on(conv2d, options), ['weight', 'bias']);
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-5);
  });

  it('names the parameter that is wrong', () => {
    const x = randomTensor(rng, [1, 4, 4, 3]);
    const weight = randomTensor(rng, [2, 3, 3, 3]);
    const errors: [() => unknown, string][] = [
      [() => conv2d(x, randomTensor(rng, [2, 4, 3, 3])), 'conv2d: expected shape [O, 3, kh, kw] for weight, got [2, 4, 3, 3]'],
      [() => conv2d(x, weight, randomTensor(rng, [3])), 'conv2d: expected shape [2] for bias, got [3]'],
      [() => conv2d(x, weight, undefined, { stride: 0 }), 'conv2d: expected a whole number of 1 or more for stride, got 0'],
      [() => conv2d(x, weight, undefined, { padding: -1 }), 'conv2d: expected a whole number of 0 or more for padding, got -1'],
      [() => conv2d(x, weight, undefined, { groups: 2 }), "conv2d: expected a divisor of x's 3 channels for groups, got 2"],
      [() => conv2d(x, randomTensor(rng, [2, 3, 5, 5])), 'conv2d: expected an image that holds the 5 x 5 kernel for x, got 4 x 4'],
    ];
    for (const [call, message] of errors) expect(call).toThrow(new ShapeError(message));
  });
});
