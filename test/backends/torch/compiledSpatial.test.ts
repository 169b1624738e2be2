// Kernels on images inside a compiled step: each must be traceable (no values read) and give what it gives outside.

import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { CompiledStep } from '../../../src/ops/compileStep.ts';

// The gradient of f by its input, for a dy that differs at every element. dy is made outside the step: inside, values from
// JavaScript are not allowed.
function gradientOf(f: (x: tf.Tensor4D) => tf.Tensor): (x: tf.Tensor4D) => tf.Tensor {
  let dy: tf.Tensor | undefined;
  return (x) => {
    const outer = dy ??= tf.keep(tf.randomUniform(f(x).shape, -1, 1, 'float32', 8));
    return tf.grad((input) => f(input as tf.Tensor4D))(x, outer);
  };
}

const maxPool = (x: tf.Tensor4D): tf.Tensor => tf.maxPool(x, 3, 2, 1);
const samePool = (x: tf.Tensor4D): tf.Tensor => tf.avgPool(x, 3, 2, 'same');
const resize = (x: tf.Tensor4D): tf.Tensor => tf.image.resizeBilinear(x, [5, 9]);
const resizeHalf = (x: tf.Tensor4D): tf.Tensor => tf.image.resizeBilinear(x, [5, 9], false, true);
const nearest = (x: tf.Tensor4D): tf.Tensor => tf.image.resizeNearestNeighbor(x, [5, 9]);
const upsample = (x: tf.Tensor4D): tf.Tensor => tf.image.resizeNearestNeighbor(x, [12, 16]);
const lrn = (x: tf.Tensor4D): tf.Tensor => tf.localResponseNormalization(x, 1);

describe('a compiled step', () => {
  let filter: tf.Tensor4D, depthwise: tf.Tensor4D, channel: tf.Tensor1D, window: tf.Tensor3D;
  let outputGradient: tf.Tensor4D;
  let boxes: tf.Tensor2D, owners: tf.Tensor1D, transforms: tf.Tensor2D;
  beforeAll(async () => {
    await selectBackend();
    filter = tf.randomUniform([3, 3, 4, 5], -1, 1, 'float32', 1);
    outputGradient = tf.randomUniform([2, 6, 8, 5], -1, 1, 'float32', 4);
    depthwise = tf.randomUniform([3, 3, 4, 2], -1, 1, 'float32', 2);
    channel = tf.tensor1d([0.5, 1, 1.5, 2]);
    window = tf.randomUniform([2, 2, 4], -1, 1, 'float32', 3);
    boxes = tf.tensor2d([[0, 0, 1, 1], [0.2, 0.1, 1.3, 0.7]]);
    owners = tf.tensor1d([0, 1], 'int32');
    transforms = tf.tensor2d([[1, 0.1, -1, 0, 0.9, 1, 0, 0.01]]);
  });

  const cases: [name: string, step: (x: tf.Tensor4D) => tf.Tensor][] = [
    ['conv2d', (x) => tf.conv2d(x, filter, 2, 'same')],
    ['conv2d by x', gradientOf((x) => tf.conv2d(x, filter, 2, 'same'))],
    ['conv2d by filter', (x) => tf.grad((f) => tf.conv2d(x, f as tf.Tensor4D, 1, 'same'))(filter, outputGradient)],
    ['depthwiseConv2d', (x) => tf.depthwiseConv2d(x, depthwise, 1, 'same')],
    ['depthwiseConv2d by x', gradientOf((x) => tf.depthwiseConv2d(x, depthwise, 1, 'same'))],
    ['fused conv2d', (x) => tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', activation: 'relu' })],
    ['maxPool', maxPool],
    ['maxPool gradient', gradientOf(maxPool)],
    ['maxPoolWithArgmax', (x) => tf.maxPoolWithArgmax(x, 2, 2, 'same', true).indexes!],
    ['avgPool', samePool],
    ['avgPool gradient', gradientOf(samePool)],
    ['batchNorm', (x) => tf.batchNorm(x, channel, channel, channel, channel)],
    ['localResponseNormalization', lrn],
    ['localResponseNormalization gradient', gradientOf(lrn)],
    ['resizeBilinear', resize],
    ['resizeBilinear gradient', gradientOf(resize)],
    ['resizeBilinear with half-pixel centres', resizeHalf],
    ['resizeBilinear with half-pixel centres, gradient', gradientOf(resizeHalf)],
    ['resizeNearestNeighbor', nearest],
    ['resizeNearestNeighbor gradient', gradientOf(nearest)],
    ['resizeNearestNeighbor by 2', upsample],
    ['resizeNearestNeighbor by 2, gradient', gradientOf(upsample)],
    ['dilation2d', (x) => tf.dilation2d(x, window, 1, 'same')],
    ['dilation2d gradient', gradientOf((x) => tf.dilation2d(x, window, 1, 'same'))],
    ['cropAndResize', (x) => tf.image.cropAndResize(x, boxes, owners, [3, 4])],
    ['transform', (x) => tf.image.transform(x, transforms, 'bilinear', 'reflect')],
    ['rotateWithOffset', (x) => tf.image.rotateWithOffset(x, 0.5, [1, 2, 3])],
    ['flipLeftRight', (x) => tf.image.flipLeftRight(x)],
    ['spaceToBatchND', (x) => tf.spaceToBatchND(x, [2, 2], [[0, 0], [1, 1]])],
    ['batchToSpaceND', (x) => tf.batchToSpaceND(x, [2, 1], [[0, 1], [1, 0]])],
    ['depthToSpace', (x) => tf.depthToSpace(x, 2)],
    ['mirrorPad', (x) => tf.mirrorPad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], 'reflect')],
  ];

  it.each(cases)('%s gives the same values as outside', (_name, step) => {
    const x = tf.randomUniform<tf.Rank.R4>([2, 6, 8, 4], -1, 1, 'float32', 7);
    const expected = step(x);
    const compiled = new CompiledStep((input) => [step(input as tf.Tensor4D)]);
    const [result] = compiled.runSync([x]);
    expect(result!.shape).toEqual(expected.shape);
    expect(result!.dtype).toBe(expected.dtype);
    expect(result!.dataSync()).toEqual(expected.dataSync());
    compiled.dispose();
  });
});
