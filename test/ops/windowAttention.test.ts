import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { attention } from '../../src/ops/attention.ts';
import { windowAttention } from '../../src/ops/windowAttention.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

interface Case {
  readonly height: number;
  readonly width: number;
  readonly window: number;
  readonly heads: number;
  readonly depth: number;
}

/** By its definition, in double precision: each token attends among its window's places; those off the grid hold zeros. */
function slow(qkv: ArrayLike<number>, batch: number, { height, width, window, heads, depth }: Case): Float64Array {
  const out = new Float64Array(batch * height * width * heads * depth);
  const at = (b: number, y: number, x: number, part: number, h: number, d: number) =>
    (y < height && x < width ? qkv[(((b * height + y) * width + x) * 3 + part) * heads * depth + h * depth + d]! : 0);
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let h = 0; h < heads; h++) {
          const places = Array.from({ length: window ** 2 }, (_, i) =>
            [y - (y % window) + Math.floor(i / window), x - (x % window) + (i % window)] as const);
          const weights = places.map(([ky, kx]) => {
            let score = 0;
            for (let d = 0; d < depth; d++) score += at(b, y, x, 0, h, d) * at(b, ky, kx, 1, h, d);
            return Math.exp(score / Math.sqrt(depth));
          });
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (let d = 0; d < depth; d++) {
            out[(((b * height + y) * width + x) * heads + h) * depth + d] =
              weights.reduce((sum, weight, i) => sum + weight * at(b, ...places[i]!, 2, h, d), 0) / total;
          }
        }
      }
    }
  }
  return out;
}

describe('windowAttention', () => {
  it.each<Case>([
    { height: 4, width: 6, window: 2, heads: 1, depth: 4 },
    { height: 5, width: 7, window: 3, heads: 2, depth: 2 }, // padded below and beside
    { height: 5, width: 6, window: 3, heads: 2, depth: 2 }, // padded by a single row
    { height: 2, width: 3, window: 4, heads: 3, depth: 2 }, // one window, larger than the grid
  ])('equals the definition: %o', (one) => {
    const qkv = randomTensor(new Rng(1), [2, one.height * one.width, 3 * one.heads * one.depth]);
    const out = windowAttention(qkv, one.heads, one, one.window);
    expect(out.shape).toEqual([2, one.height * one.width, one.heads * one.depth]);
    expect(relativeError(out.dataSync(), slow(qkv.dataSync<'float32'>(), 2, one))).toBeLessThan(2e-6);
  });

  it('equals global attention where one window holds the grid', () => {
    const qkv = randomTensor(new Rng(2), [1, 16, 12]);
    const out = windowAttention(qkv, 2, { height: 4, width: 4 }, 4);
    expect(relativeError(out.dataSync(), attention(qkv, 2).dataSync())).toBeLessThan(1e-6);
  });

  it('has the gradient of what it computes, padding included', () => {
    const qkv = randomTensor(new Rng(3), [2, 15, 12]);
    const [error] = gradientErrors((x) => windowAttention(x, 2, { height: 3, width: 5 }, 2), [qkv]);
    expect(error).toBeLessThan(2e-3);
  });

  it('refuses a grid that is not that of the tokens, and windows without a side', () => {
    const qkv = tensor(new Float32Array(72), [1, 6, 12]);
    expect(() => windowAttention(qkv, 2, { height: 2, width: 2 }, 2)).toThrow(ShapeError);
    expect(() => windowAttention(qkv, 2, { height: 2, width: 3 }, 0)).toThrow('windowAttention: expected a positive integer for window, got 0');
  });
});
