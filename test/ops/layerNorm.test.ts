import { mul, tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { layerNorm, layerNormComposed } from '../../src/ops/layerNorm.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { referenceGradient } from './referenceGradient.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

describe.each([['layerNorm', layerNorm], ['layerNormComposed', layerNormComposed]])('%s', (_name, run) => {
  it('gives each row mean 0 and variance 1, then scales and shifts', () => {
    // Deviation √(2/3): ±1 becomes ±1.2247449.
    const y = run(tensor2d([[1, 2, 3], [20, 10, 0]]), tensor1d([1, 2, 3]), tensor1d([0, 0, 1])).dataSync();
    [-1.2247449, 0, 4.6742346, 1.2247449, 0, -2.6742346].forEach((expected, i) => expect(y[i]).toBeCloseTo(expected, 5));
  });

  it('adds eps to the variance', () => {
    const y = run(tensor2d([[-1, 1]]), tensor1d([1, 1]), tensor1d([0, 0]), 3).dataSync();
    expect([...y]).toEqual([-0.5, 0.5]);
  });

  it('has the gradient of finite differences', () => {
    const inputs = [randomTensor(rng, [2, 3, 8]), randomTensor(rng, [8]), randomTensor(rng, [8])];
    expect(Math.max(...gradientErrors((x, w, b) => run(x, w, b), inputs))).toBeLessThan(1e-3);
  });

  it('matches torch, gradient too', async () => {
    const tensors = await readReference('image_ops');
    const parameter = (name: string) => tensor(tensors.get(`input.layer_norm.${name}`)!.data, [13]);
    const { output, gradient } = referenceGradient((x) => run(x, parameter('weight'), parameter('bias')), tensors.get('input.x')!);
    expect(relativeError(output, tensors.get('output.layer_norm_last')!.data)).toBeLessThan(2e-6);
    expect(relativeError(gradient, tensors.get('grad.layer_norm_last')!.data)).toBeLessThan(1e-5);
  });
});

describe('layerNorm', () => {
  it('equals the composed one far from zero too, gradients as well', () => {
    const inputs = [mul(randomTensor(rng, [4, 5, 192]), 3), randomTensor(rng, [192]), randomTensor(rng, [192])];
    const composed = outputAndGradients((x, w, b) => layerNormComposed(x, w, b), inputs);
    outputAndGradients((x, w, b) => layerNorm(x, w, b), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, weight] = [randomTensor(rng, [4, 3]), randomTensor(rng, [2])];
    expect(() => layerNorm(x, weight, weight)).toThrow(new ShapeError('layerNorm: expected shape [3] for weight, got [2]'));
    expect(() => layerNorm(x, tensor1d([1, 1, 1]), weight)).toThrow(new ShapeError('layerNorm: expected shape [3] for bias, got [2]'));
  });
});
