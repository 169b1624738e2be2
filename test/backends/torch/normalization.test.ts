import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { ImageReference, errorOf, gradientTolerance, outputTolerance } from './imageReference.ts';

beforeAll(() => selectBackend());

describe('batch normalization as PyTorch computes it', () => {
  it('with given statistics, gives the stored values and gradient', async () => {
    const reference = await ImageReference.read();
    const x = reference.images('input.x');
    const vector = (name: string): tf.Tensor1D => reference.tensor(`input.bn.${name}`) as tf.Tensor1D;
    const normalize = (input: tf.Tensor): tf.Tensor => tf.batchNorm(
      input as tf.Tensor4D, vector('running_mean'), vector('running_var'), vector('bias'), vector('weight'), 1e-5);
    expect(errorOf(normalize(x), reference.images('output.bn_eval'))).toBeLessThan(outputTolerance);
    const dx = tf.grad(normalize)(x, reference.lossGradient(x.shape));
    expect(errorOf(dx, reference.images('grad.bn_eval'))).toBeLessThan(gradientTolerance);
  });
});

describe('the gradient of local response normalization', () => {
  it('is the slope of the forward kernel', () => {
    const x = tf.randomUniform<tf.Rank.R4>([1, 2, 2, 6], -2, 2, 'float32', 1);
    const direction = tf.randomUniform<tf.Rank.R4>([1, 2, 2, 6], -1, 1, 'float32', 2);
    const normalize = (input: tf.Tensor): tf.Tensor => tf.localResponseNormalization(input as tf.Tensor4D, 2, 1, 0.7, 0.6);
    const dy = tf.randomUniform<tf.Rank.R4>([1, 2, 2, 6], -1, 1, 'float32', 3);
    const along = (step: number): number => tf.sum(tf.mul(dy, normalize(tf.add(x, tf.mul(direction, step))))).dataSync()[0]!;
    const slope = (along(0.01) - along(-0.01)) / 0.02;
    const dx = tf.grad(normalize)(x, dy);
    expect(tf.sum(tf.mul(dx, direction)).dataSync()[0]).toBeCloseTo(slope, 3);
  });
});
