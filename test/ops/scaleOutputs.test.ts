import { mul, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { linear } from '../../src/ops/linear.ts';
import { scaleOutputs } from '../../src/ops/scaleOutputs.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

describe('scaleOutputs', () => {
  it('gives what scaling the results gives, and the same gradients', () => {
    const rng = new Rng(1);
    const inputs = [randomTensor(rng, [5, 4]), randomTensor(rng, [3, 4]), randomTensor(rng, [3]), randomTensor(rng, [3])];
    const folded = outputAndGradients((x, weight, bias, factors) => {
      const scaled = scaleOutputs({ weight, bias }, factors);
      return linear(x, scaled.weight, scaled.bias);
    }, inputs);
    const after = outputAndGradients((x, weight, bias, factors) => mul(linear(x, weight, bias), factors), inputs);
    for (const [i, values] of folded.entries()) expect(relativeError(values, after[i]!)).toBeLessThan(1e-6);
  });

  it('leaves a layer without a bias without one', () => {
    expect(scaleOutputs({ weight: tensor([1, 2], [2, 1]) }, tensor([3, 4])).bias).toBeUndefined();
  });

  it('refuses factors of another number', () => {
    expect(() => scaleOutputs({ weight: tensor([1, 2], [2, 1]) }, tensor([3]))).toThrow(ShapeError);
  });
});
