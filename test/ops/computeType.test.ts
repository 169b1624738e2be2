import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/backends/select.ts';
import { TransformerLayer } from '../../src/backbones/transformerLayer.ts';
import { setComputeType } from '../../src/ops/computeType.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());
afterEach(() => setComputeType('float32'));

describe('a transformer layer in bfloat16', () => {
  it('gives what float32 gives, to the precision of bfloat16, gradients too', () => {
    const rng = new Rng(1);
    const layer = new TransformerLayer({
      channels: 48, heads: 3, mlpRatio: 4, qkvBias: true, eps: 1e-6, dropPath: 0, positionNorm: false, relative: undefined,
    });
    layer.initialise(0);
    const parameters = [...layer.namedParameters().values()];
    const inputs = [randomTensor(rng, [2, 50, 48]), randomTensor(rng, [1, 50, 48]), ...parameters.map(({ value }) => value)];
    const run = (...given: Tensor[]) => layer.forward(given[0]!, given[1], false);
    const exact = outputAndGradients(run, inputs);
    setComputeType('bfloat16');
    const reduced = outputAndGradients(run, inputs);
    const errors = reduced.map((values, i) => relativeError(values, exact[i]!));
    // Eight bits of significand: half a unit is 2^-9 = 0.002.
    expect(Math.max(...errors)).toBeLessThan(0.02);
    expect(Math.max(...errors)).toBeGreaterThan(1e-4);
  });
});
