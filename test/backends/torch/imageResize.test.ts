import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { ImageReference, errorOf, gradientTolerance, outputTolerance } from './imageReference.ts';

beforeAll(() => selectBackend());

const sizes = [[11, 7], [17, 29], [1, 1], [22, 26], [5, 6]] as const;
type Resize = (images: tf.Tensor4D, size: [number, number]) => tf.Tensor4D;

const rules: [name: string, resize: Resize][] = [
  ['bilinear', (images, size) => tf.image.resizeBilinear(images, size, false, true)],
  ['bilinear_ac', (images, size) => tf.image.resizeBilinear(images, size, true, false)],
  ['nearest', (images, size) => tf.image.resizeNearestNeighbor(images, size)],
];

describe('resizing as PyTorch computes it', () => {
  let reference: ImageReference;
  beforeAll(async () => {
    reference = await ImageReference.read();
  });

  it.each(rules.flatMap(([name, resize]) => sizes.map(([height, width]) => [`${name}_${height}x${width}`, resize, height, width] as const)))(
    '%s, with its gradient', (name, resize, height, width) => {
      const x = reference.images('input.x');
      const y = resize(x, [height, width]);
      expect(errorOf(y, reference.images(`output.${name}`))).toBeLessThan(outputTolerance);
      const dx = tf.grad((images) => resize(images as tf.Tensor4D, [height, width]))(x, reference.lossGradient(y.shape));
      expect(errorOf(dx, reference.images(`grad.${name}`))).toBeLessThan(gradientTolerance);
    },
  );
});

describe('resizing by the rules that are composed', () => {
  const composed: [name: string, resize: Resize][] = [
    ['bilinear from the corner', (images, size) => tf.image.resizeBilinear(images, size)],
    ['nearest', (images, size) => tf.image.resizeNearestNeighbor(images, size)],
    ['nearest with half-pixel centres', (images, size) => tf.image.resizeNearestNeighbor(images, size, false, true)],
    ['nearest with aligned corners', (images, size) => tf.image.resizeNearestNeighbor(images, size, true)],
  ];

  // Resizing is linear in the images, so that <resize(x), dy> = <x, dx>.
  it.each(composed.flatMap(([name, resize]) => sizes.map(([height, width]) => [name, height, width, resize] as const)))(
    '%s to %i x %i has its adjoint as gradient', (_name, height, width, resize) => {
      const x = tf.randomUniform<tf.Rank.R4>([2, 10, 8, 3], -1, 1, 'float32', 1);
      const y = resize(x, [height, width]);
      const dy = tf.randomUniform(y.shape, -1, 1, 'float32', 2);
      const dx = tf.grad((images) => resize(images as tf.Tensor4D, [height, width]))(x, dy);
      expect(tf.sum(tf.mul(x, dx)).dataSync()[0]).toBeCloseTo(tf.sum(tf.mul(y, dy)).dataSync()[0]!, 4);
    },
  );

  it('bilinear from the corner reads at multiples of the scale', () => {
    const x = tf.tensor4d([0, 10, 20, 40], [1, 1, 4, 1]);
    // Scale 4 / 3: positions 0, 4/3, 8/3.
    const y = tf.image.resizeBilinear(x, [1, 3]).dataSync();
    expect([...y]).toEqual([0, expect.closeTo(40 / 3, 4), expect.closeTo(100 / 3, 4)]);
  });

  it('nearest keeps integers', () => {
    const y = tf.image.resizeNearestNeighbor(tf.tensor4d([1, 2], [1, 1, 2, 1], 'int32'), [1, 4]);
    expect(y.dtype).toBe('int32');
    expect([...y.dataSync()]).toEqual([1, 1, 2, 2]);
  });
});
