// The version of devices without a kernel of ours: the addon chooses once per process, so it has a test file of its own.

import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { msDeformAttn, msDeformAttnComposed } from '../../src/ops/msDeformAttn.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(async () => {
  process.env['MPVG_DEFORM'] = 'composed';
  await selectBackend();
});

it('deformable attention from ATen equals that from tfjs, gradients too', () => {
  const rng = new Rng(1);
  const levels = [{ height: 4, width: 5 }, { height: 2, width: 3 }];
  const shape = [2, 7, 3, 2, 4, 2];
  const places = Float32Array.from({ length: 2 * 7 * 3 * 2 * 4 * 2 }, () => rng.uniform(-0.3, 1.3));
  const inputs = [randomTensor(rng, [2, 26, 3, 8]), tensor(places, shape), randomTensor(rng, shape.slice(0, 5))];
  const on = (run: typeof msDeformAttn) => (...[value, locations, weights]: Tensor[]) =>
    run(value!, levels, locations!, weights!);
  const expected = outputAndGradients(on(msDeformAttnComposed), inputs);
  const results = outputAndGradients(on(msDeformAttn), inputs);
  results.forEach((values, i) => expect(relativeError(values, expected[i]!)).toBeLessThan(5e-6));
  // Two ways of adding up: equal bits would mean that the wrong one ran.
  expect(results[0]).not.toEqual(expected[0]);
});
