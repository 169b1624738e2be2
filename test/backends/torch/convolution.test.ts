import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { binding } from '../../../src/backends/torch/binding.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { ShapeError } from '../../../src/errors.ts';
import { ImageReference, errorOf, gradientTolerance, outputTolerance } from './imageReference.ts';

beforeAll(() => selectBackend());

describe('convolutions as PyTorch computes them', () => {
  let reference: ImageReference;
  let x: tf.Tensor4D;
  beforeAll(async () => {
    reference = await ImageReference.read();
    x = reference.images('input.x');
  });

  it.each([['conv_3_1_1', 1, 1], ['conv_7_2_3', 2, 3]] as const)('%s, with its gradients', (name, stride, pad) => {
    const filter = reference.filter(`input.${name}.weight`), bias = reference.tensor(`input.${name}.bias`);
    const convolve = (input: tf.Tensor, weight: tf.Tensor, offset: tf.Tensor): tf.Tensor =>
      tf.add(tf.conv2d(input as tf.Tensor4D, weight as tf.Tensor4D, stride, pad, 'NHWC', 1, 'floor'), offset);
    const y = convolve(x, filter, bias);
    expect(errorOf(y, reference.images(`output.${name}`))).toBeLessThan(outputTolerance);
    const [dx, dFilter, dBias] = tf.grads(convolve)([x, filter, bias], reference.lossGradient(y.shape));
    expect(errorOf(dx!, reference.images(`grad.${name}`))).toBeLessThan(gradientTolerance);
    expect(errorOf(dFilter!, reference.filter(`grad.${name}.weight`))).toBeLessThan(gradientTolerance);
    expect(errorOf(dBias!, reference.tensor(`grad.${name}.bias`))).toBeLessThan(gradientTolerance);
  });

  it('a dilated one', () => {
    const filter = reference.filter('input.conv_3_1_2_d2.weight');
    const y = tf.fused.conv2d({
      x, filter, strides: 1, pad: 2, dilations: [2, 2], bias: reference.tensor('input.conv_3_1_2_d2.bias'), dimRoundingMode: 'floor',
    });
    expect(errorOf(y, reference.images('output.conv_3_1_2_d2'))).toBeLessThan(outputTolerance);
  });

  it('a depthwise one, with its gradients', () => {
    // [C, 1, height, width] -> [height, width, C, 1]
    const depthwise = (name: string): tf.Tensor4D => tf.transpose(reference.tensor(name) as tf.Tensor4D, [2, 3, 0, 1]);
    const filter = depthwise('input.conv_dw3.weight'), bias = reference.tensor('input.conv_dw3.bias');
    const convolve = (input: tf.Tensor, weight: tf.Tensor): tf.Tensor =>
      tf.add(tf.depthwiseConv2d(input as tf.Tensor4D, weight as tf.Tensor4D, 1, 1, 'NHWC', 1, 'floor'), bias);
    const y = convolve(x, filter);
    expect(errorOf(y, reference.images('output.conv_dw3'))).toBeLessThan(outputTolerance);
    const [dx, dFilter] = tf.grads(convolve)([x, filter], reference.lossGradient(y.shape));
    expect(errorOf(dx!, reference.images('grad.conv_dw3'))).toBeLessThan(gradientTolerance);
    expect(errorOf(dFilter!, depthwise('grad.conv_dw3.weight'))).toBeLessThan(gradientTolerance);
  });

  it.each([
    ['conv_transpose_2_2', 2, 0], ['conv_transpose_3_1_1', 1, 1], ['conv_transpose_4_2_1', 2, 1],
  ] as const)('%s, with its gradients', (name, stride, pad) => {
    const filter = reference.filter(`input.${name}.weight`), bias = reference.tensor(`input.${name}.bias`);
    const expected = reference.images(`output.${name}`);
    const convolve = (input: tf.Tensor, weight: tf.Tensor): tf.Tensor => tf.add(
      tf.conv2dTranspose(input as tf.Tensor4D, weight as tf.Tensor4D, expected.shape, stride, pad, 'floor'), bias);
    expect(errorOf(convolve(x, filter), expected)).toBeLessThan(outputTolerance);
    const [dx, dFilter] = tf.grads(convolve)([x, filter], reference.lossGradient(expected.shape));
    expect(errorOf(dx!, reference.images(`grad.${name}`))).toBeLessThan(gradientTolerance);
    expect(errorOf(dFilter!, reference.filter(`grad.${name}.weight`))).toBeLessThan(gradientTolerance);
  });
});

describe('the gradients of a convolution', () => {
  const dot = (a: tf.Tensor, b: tf.Tensor): number => tf.sum(tf.mul(a, b)).dataSync()[0]!;

  // A convolution is linear in its input and in its filter: <conv(x, f), dy> = <x, dx> = <f, df>.
  it.each([
    ['same padding on one side only', [2, 6, 8, 3], [3, 3, 3, 4], 2, 'same', undefined],
    ['same padding, even window', [1, 5, 7, 3], [4, 2, 3, 2], 1, 'same', undefined],
    ['unequal explicit padding', [2, 5, 6, 2], [3, 2, 2, 3], 1, [[0, 0], [2, 0], [1, 3], [0, 0]], undefined],
    ['rows that no window reaches', [2, 8, 9, 2], [3, 3, 2, 3], 3, 'valid', undefined],
    ['a position more by rounding up', [2, 6, 6, 2], [3, 3, 2, 3], 2, 0, 'ceil'],
    ['no images', [0, 6, 6, 2], [3, 3, 2, 3], 1, 'same', undefined],
  ] as const)('are its adjoints: %s', (_name, inputShape, filterShape, stride, pad, rounding) => {
    const x = tf.randomUniform<tf.Rank.R4>([...inputShape], -1, 1, 'float32', 1);
    const filter = tf.randomUniform<tf.Rank.R4>([...filterShape], -1, 1, 'float32', 2);
    const convolve = (input: tf.Tensor, weight: tf.Tensor): tf.Tensor => tf.conv2d(
      input as tf.Tensor4D, weight as tf.Tensor4D, stride, pad as 'same', 'NHWC', 1, rounding);
    const y = convolve(x, filter);
    const dy = tf.randomUniform(y.shape, -1, 1, 'float32', 3);
    const [dx, dFilter] = tf.grads(convolve)([x, filter], dy);
    expect(dx!.shape).toEqual(x.shape);
    expect(dFilter!.shape).toEqual(filter.shape);
    expect(dot(x, dx!)).toBeCloseTo(dot(y, dy), 4);
    expect(dot(filter, dFilter!)).toBeCloseTo(dot(y, dy), 4);
  });

  it('refuse a dy that belongs to another geometry', () => {
    const transpose = (): tf.Tensor => tf.conv2dTranspose(
      tf.ones<tf.Rank.R4>([1, 8, 8, 2]), tf.ones<tf.Rank.R4>([3, 3, 2, 2]), [1, 4, 4, 2], 1, 'same');
    expect(transpose).toThrow(ShapeError);
    expect(transpose).toThrow('expected 4 x 4 positions for dy, got 8 x 8');
  });
});

describe('a convolution of channels-last images', () => {
  it('copies neither its input nor its result', () => {
    const x = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 32], -1, 1, 'float32', 1);
    const filter = tf.randomUniform<tf.Rank.R4>([3, 3, 32, 32], -1, 1, 'float32', 2);
    const bytes = x.size * 4;
    tf.conv2d(x, filter, 1, 'same').dispose(); // what is allocated once per process
    const before = binding().memory().bytes;
    binding().resetPeakMemory();
    const y = tf.conv2d(x, filter, 1, 'same');
    // The result has as many bytes as x; a copy of either would make it twice that. The filter is laid out anew (36 KiB).
    expect(binding().memory().peakBytes - before).toBeLessThan(1.25 * bytes);
    expect(binding().memory().bytes - before).toBe(bytes);
    y.dispose();
  });
});
