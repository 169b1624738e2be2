import { tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { setPrecision } from '../../src/engine/precision.ts';
import { normLinear } from '../../src/ops/normLinear.ts';

beforeAll(() => selectBackend());
afterEach(() => { setPrecision('fp32'); });

it('bf16 stores what lies between the operators of a layer with eight bits of significand, fp32 with 24', () => {
  // The norm is that of 1, -1: ± 1 / √(1 + eps); the weight's 1.01 is no bfloat16.
  const run = () => tidy(() => {
    const norm = { weight: tensor([1, 1]), bias: tensor([0, 0]), eps: 0 };
    return normLinear(tensor([1, -1], [1, 1, 2]), norm, { weight: tensor([1.01, 0], [1, 2]) }).dataSync()[0]!;
  });
  expect(run()).toBeCloseTo(1.01, 6);
  setPrecision('bf16');
  const reduced = run();
  expect(Math.abs(reduced - 1.01)).toBeGreaterThan(1e-4);
  expect(Math.abs(reduced - 1.01)).toBeLessThan(1.01 / 2 ** 8);
  setPrecision('fp32');
  expect(run()).toBeCloseTo(1.01, 6);
});
