import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';

beforeAll(() => selectBackend());

describe('transform', () => {
  it('takes every image by its own transform', () => {
    const images = tf.tensor4d([1, 2, 3, 4, 5, 6], [2, 1, 3, 1]);
    // The first moved one pixel to the left, the second as it is.
    const transforms = tf.tensor2d([[1, 0, 1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0]]);
    expect([...tf.image.transform(images, transforms, 'nearest', 'constant', 9).dataSync()]).toEqual([2, 3, 9, 4, 5, 6]);
  });

  it('shows the fill value at infinity', () => {
    const images = tf.tensor4d([1, 2, 3], [1, 1, 3, 1]);
    // projection = 1 - x: infinite at x = 1.
    const transforms = tf.tensor2d([[0, 0, 0, 0, 0, 0, -1, 0]]);
    expect([...tf.image.transform(images, transforms, 'bilinear', 'nearest', 7).dataSync()]).toEqual([1, 7, 1]);
  });

  it('mirrors beyond two widths', () => {
    const images = tf.tensor4d([1, 2, 3], [1, 1, 3, 1]);
    const shift = (pixels: number): number[] => [
      ...tf.image.transform(images, tf.tensor2d([[1, 0, pixels, 0, 1, 0, 0, 0]]), 'nearest', 'reflect').dataSync(),
    ];
    expect(shift(-3)).toEqual([3, 2, 1]);
    expect(shift(5)).toEqual([1, 1, 2]);
    expect(shift(-14)).toEqual([2, 1, 1]);
  });
});

describe('cropAndResize', () => {
  it('leaves a box of an image that is not in the batch empty', () => {
    const image = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
    const crops = tf.image.cropAndResize(image, [[0, 0, 1, 1], [0, 0, 1, 1]], tf.tensor1d([0, 3], 'int32'), [1, 2], 'bilinear', 5);
    expect([...crops.dataSync()]).toEqual([1, 1, 0, 0]);
  });
});
