import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Tensor } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/backends/select.ts';
import { TransformerLayer } from '../../src/backbones/transformerLayer.ts';
import { setComputeType } from '../../src/ops/computeType.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { outputAndGradients, randomTensor } from './gradientCheck.ts';

/**
 * The suite for one of the two ways in which our operators compute in bfloat16. The addon chooses once per process, by the
 * processor: each way is asked for in a test file of its own, before the addon loads.
 */
export function describeReducedLayer(way: 'composed' | 'tiled'): void {
  beforeAll(async () => {
    process.env['MPVG_BF16'] = way;
    await selectBackend();
  });
  afterEach(() => setComputeType('float32'));

  it(`a transformer layer in bfloat16, ${way}, gives what float32 gives to its precision, gradients too`, () => {
    const rng = new Rng(1);
    const layer = new TransformerLayer({
      channels: 48, heads: 3, mlpRatio: 4, qkvBias: true, eps: 1e-6, dropPath: 0, positionNorm: false, relative: undefined,
    });
    layer.initialise(0);
    const parameters = [...layer.namedParameters().values()];
    const inputs = [randomTensor(rng, [2, 50, 48]), randomTensor(rng, [1, 50, 48]), ...parameters.map(({ value }) => value)];
    const run = (...given: Tensor[]) => layer.forward(given[0]!, { position: given[1], training: false });
    const exact = outputAndGradients(run, inputs);
    setComputeType('bfloat16');
    const reduced = outputAndGradients(run, inputs);
    const errors = reduced.map((values, i) => relativeError(values, exact[i]!));
    // Eight bits of significand: half a unit is 2^-9 = 0.002.
    expect(Math.max(...errors)).toBeLessThan(0.02);
    expect(Math.max(...errors)).toBeGreaterThan(1e-4);
  });
}
