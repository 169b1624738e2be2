// Convolutions and max pooling where activations are stored as bfloat16 and parameters as float32.

import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { TorchBackend } from '../../../src/backends/torch/backend.ts';
import { aten, binding } from '../../../src/backends/torch/binding.ts';
import type { StorageType } from '../../../src/backends/torch/binding.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { errorOf } from './imageReference.ts';

function torch(): TorchBackend {
  const { backend } = tf.engine();
  if (!(backend instanceof TorchBackend)) throw new Error('expected the torch backend');
  return backend;
}

const storageOf = (tensor: tf.Tensor): StorageType => binding().dtype(torch().handle(tensor));

/** The same values, rounded to bfloat16 in memory. */
function reduced(tensor: tf.Tensor): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(torch().adopt(aten('to', 'dtype')(torch().handle(tensor), 'bfloat16'), 'float32'));
}

// bfloat16 keeps 8 bits of a value: an error of 2^-9, and sums of a few such.
const tolerance = 0.015;

describe('with activations in bfloat16', () => {
  beforeAll(() => selectBackend());

  it.each([
    ['conv2d', [3, 3, 4, 5], (x: tf.Tensor, f: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 2, 'same')],
    ['depthwiseConv2d', [3, 3, 4, 2], (x: tf.Tensor, f: tf.Tensor) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same')],
  ] as const)('%s keeps them so, and gives its filter a float32 gradient', (_name, filterShape, convolve) => {
    const x = tf.randomUniform([2, 6, 8, 4], -1, 1, 'float32', 1);
    const filter = tf.randomUniform([...filterShape], -1, 1, 'float32', 2);
    const y = convolve(reduced(x), filter);
    expect(storageOf(y)).toBe('bfloat16');
    expect(errorOf(y, convolve(x, filter))).toBeLessThan(tolerance);

    const dy = tf.randomUniform(y.shape, -1, 1, 'float32', 3);
    const [dx, dFilter] = tf.grads(convolve)([reduced(x), filter], reduced(dy));
    const [expectedX, expectedFilter] = tf.grads(convolve)([x, filter], dy);
    expect([storageOf(dx!), storageOf(dFilter!)]).toEqual(['bfloat16', 'float32']);
    expect(errorOf(dx!, expectedX!)).toBeLessThan(tolerance);
    expect(errorOf(dFilter!, expectedFilter!)).toBeLessThan(tolerance);
  });

  it('maxPool takes a gradient of either storage', () => {
    const x = reduced(tf.randomUniform([1, 4, 4, 2], -1, 1, 'float32', 1));
    const dy = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2]);
    const gradient = tf.grad((input) => tf.maxPool(input as tf.Tensor4D, 2, 2, 'valid'));
    expect([...gradient(x, dy).dataSync()]).toEqual([...gradient(x, reduced(dy)).dataSync()]);
  });
});
