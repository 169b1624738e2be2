import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { binding } from '../../../src/backends/torch/binding.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { ImageReference, errorOf, gradientTolerance, outputTolerance } from './imageReference.ts';

beforeAll(() => selectBackend());

describe('max pooling as PyTorch computes it', () => {
  it('gives the stored values and gradient', async () => {
    const reference = await ImageReference.read();
    const x = reference.images('input.x');
    const pool = (input: tf.Tensor): tf.Tensor => tf.maxPool(input as tf.Tensor4D, 3, 2, 1, 'floor');
    const y = pool(x);
    expect(errorOf(y, reference.images('output.max_pool_3_2_1'))).toBeLessThan(outputTolerance);
    const dx = tf.grad(pool)(x, reference.lossGradient(y.shape));
    expect(errorOf(dx, reference.images('grad.max_pool_3_2_1'))).toBeLessThan(gradientTolerance);
  });
});

describe('max pooling', () => {
  it('lets a NaN through, and only where its window reaches', () => {
    const x = tf.tensor4d([1, 2, 3, 4, NaN, 6], [1, 1, 6, 1]);
    expect([...tf.maxPool(x, [1, 2], [1, 2], 'valid').dataSync()]).toEqual([2, 4, NaN]);
  });

  it('gives the gradient of equal values to the first of them', () => {
    const x = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
    const dx = tf.grad((input) => tf.maxPool(input as tf.Tensor4D, 2, 2, 'valid'))(x);
    expect([...dx.dataSync()]).toEqual([1, 0, 0, 0]);
  });

  it('pools integers, padded with what never wins', () => {
    const x = tf.tensor4d([-5, -7, -6, -8], [1, 2, 2, 1], 'int32');
    const y = tf.maxPool(x, 3, 1, [[0, 0], [0, 2], [0, 2], [0, 0]]);
    expect(y.dtype).toBe('int32');
    expect([...y.dataSync()]).toEqual([-5, -7, -6, -8]);
  });
});

describe('the gradient of average pooling', () => {
  // The mean leaves padding out, so a window that reaches into it divides by fewer elements, forwards and backwards.
  it.each([
    ['equal padding', 1, 1], ['padding after the last row only', 'same', 2], ['padding wider than half the window', 2, 2],
  ] as const)('divides as the forward kernel does: %s', (_name, pad, stride) => {
    const x = tf.randomUniform<tf.Rank.R4>([2, 6, 4, 3], -1, 1, 'float32', 1);
    const pool = (input: tf.Tensor): tf.Tensor => tf.avgPool(input as tf.Tensor4D, 3, stride, pad);
    const y = pool(x);
    const dy = tf.randomUniform(y.shape, -1, 1, 'float32', 2);
    const dx = tf.grad(pool)(x, dy);
    // Pooling is linear: its adjoint keeps the inner product.
    expect(tf.sum(tf.mul(x, dx)).dataSync()[0]).toBeCloseTo(tf.sum(tf.mul(y, dy)).dataSync()[0]!, 5);
  });

  it('needs no values of the input, nor a copy of dy', () => {
    const x = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 16], -1, 1, 'float32', 1);
    const dy = tf.ones<tf.Rank.R4>([2, 64, 64, 16]);
    const gradient = tf.grad((input) => tf.avgPool(input as tf.Tensor4D, 3, 1, 1));
    tf.dispose(gradient(x, dy));
    const before = binding().memory().bytes;
    const dx = gradient(x, dy);
    expect(binding().memory().bytes - before).toBe(x.size * 4);
    dx.dispose();
  });
});
