import { tensor, tensor3d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { attention, attentionComposed } from '../../src/ops/attention.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

/** Attention by its definition, in double precision. */
function slow(qkv: Float32Array, batch: number, tokens: number, heads: number, depth: number, bias?: Float32Array): Float64Array {
  const out = new Float64Array(batch * tokens * heads * depth);
  const at = (b: number, n: number, part: number, h: number, d: number) =>
    qkv[(((b * tokens + n) * 3 + part) * heads + h) * depth + d]!;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < tokens; i++) {
        const weights = Array.from({ length: tokens }, (_, j) => {
          let score = 0;
          for (let d = 0; d < depth; d++) score += at(b, i, 0, h, d) * at(b, j, 1, h, d);
          return Math.exp(score / Math.sqrt(depth) + (bias?.[(h * tokens + i) * tokens + j] ?? 0));
        });
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let d = 0; d < depth; d++) {
          out[((b * tokens + i) * heads + h) * depth + d] =
            weights.reduce((sum, weight, j) => sum + weight * at(b, j, 2, h, d), 0) / total;
        }
      }
    }
  }
  return out;
}

describe.each([['attention', attention], ['attentionComposed', attentionComposed]])('%s', (_name, run) => {
  it('averages the values where all scores are equal', () => {
    // Two tokens, one head of depth 1; queries are zero.
    const out = run(tensor3d([[[0, 5, 1], [0, -3, 7]]]), 1);
    expect([...out.dataSync()]).toEqual([4, 4]);
  });

  it.each([[1, 2, 1, 4], [2, 5, 3, 2], [1, 37, 2, 8]])('equals the definition (B %i, N %i, heads %i, depth %i)', (batch, tokens, heads, depth) => {
    const qkv = randomTensor(rng, [batch, tokens, 3 * heads * depth]);
    const expected = slow(qkv.dataSync<'float32'>(), batch, tokens, heads, depth);
    expect(relativeError(run(qkv, heads).dataSync(), expected)).toBeLessThan(2e-6);
  });

  it('equals the definition with a bias per head', () => {
    const [qkv, bias] = [randomTensor(rng, [2, 4, 18]), randomTensor(rng, [3, 4, 4])];
    const expected = slow(qkv.dataSync<'float32'>(), 2, 4, 3, 2, bias.dataSync<'float32'>());
    expect(relativeError(run(qkv, 3, { bias }).dataSync(), expected)).toBeLessThan(2e-6);
  });

  it('does not overflow where scores are large', () => {
    const out = run(tensor3d([[[100, 100, 1], [100, -100, 7]]]), 1);
    expect([...out.dataSync()]).toEqual([1, 1]);
  });

  it('has the gradient of finite differences, of the bias too', () => {
    expect(gradientErrors((qkv) => run(qkv, 3), [randomTensor(rng, [2, 5, 18])])[0]).toBeLessThan(1e-3);
    const inputs = [randomTensor(rng, [2, 5, 18]), randomTensor(rng, [3, 5, 5])];
    expect(Math.max(...gradientErrors((qkv, bias) => run(qkv, 3, { bias }), inputs))).toBeLessThan(1e-3);
  });
});

describe('attention', () => {
  it('equals the composed one, gradient too', () => {
    const inputs = [randomTensor(rng, [2, 197, 3 * 48])];
    const composed = outputAndGradients((qkv) => attentionComposed(qkv, 3), inputs);
    outputAndGradients((qkv) => attention(qkv, 3), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter that is wrong', () => {
    const qkv = randomTensor(rng, [2, 4, 18]);
    expect(() => attention(qkv, 4)).toThrow(new ShapeError('attention: expected a multiple of 3 · 4 for the last axis of qkv, got 18'));
    expect(() => attention(qkv, 0)).toThrow(new ShapeError('attention: expected a positive integer for heads, got 0'));
    expect(() => attention(qkv, 3, { bias: tensor([0]) })).toThrow(new ShapeError('attention: expected shape [..., 3, 4, 4] for bias, got [1]'));
  });
});
