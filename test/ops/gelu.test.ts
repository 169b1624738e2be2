import { tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { gelu, geluComposed } from '../../src/ops/gelu.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { referenceGradient } from './referenceGradient.ts';

beforeAll(() => selectBackend());

describe.each([['gelu', gelu], ['geluComposed', geluComposed]])('%s', (_name, run) => {
  it('is x times the normal distribution function', () => {
    const y = run(tensor1d([0, 1, -1, 10, -10])).dataSync();
    // Φ(1) = 0.8413447
    [0, 0.8413447, -0.1586553, 10, 0].forEach((expected, i) => expect(y[i]).toBeCloseTo(expected, 6));
  });

  it('has the gradient of finite differences', () => {
    expect(gradientErrors((x) => run(x), [randomTensor(new Rng(1), [4, 9])])[0]).toBeLessThan(1e-3);
  });

  it('matches torch, gradient too', async () => {
    const tensors = await readReference('image_ops');
    const { data, shape } = tensors.get('input.x')!; // both are of x · 3
    const { output, gradient } = referenceGradient(run, { shape, data: data.map((value) => 3 * value) });
    expect(relativeError(output, tensors.get('output.gelu')!.data)).toBeLessThan(2e-6);
    expect(relativeError(gradient, tensors.get('grad.gelu')!.data)).toBeLessThan(1e-5);
  });
});

it('gelu equals the composed one, gradient too', () => {
  const inputs = [randomTensor(new Rng(2), [8, 33], 3)];
  const composed = outputAndGradients((x) => geluComposed(x), inputs);
  outputAndGradients((x) => gelu(x), inputs).forEach((values, i) => {
    expect(relativeError(values, composed[i]!)).toBeLessThan(2e-6);
  });
});
