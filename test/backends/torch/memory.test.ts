import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { binding } from '../../../src/backends/torch/binding.ts';

const megabyte = 1 << 20;
const held = (): { tensors: number; bytes: number } => {
  const { tensors, bytes } = binding().memory();
  return { tensors, bytes };
};

describe('memory of the backend torch', () => {
  let base: { tensors: number; bytes: number };
  let x: tf.Tensor3D;
  beforeAll(async () => selectBackend());
  beforeEach(() => {
    base = held();
  });

  const views: Record<string, (tensor: tf.Tensor3D) => tf.Tensor | tf.Tensor[]> = {
    reshape: (tensor) => tf.reshape(tensor, [-1]),
    transpose: (tensor) => tf.transpose(tensor, [2, 0, 1]),
    slice: (tensor) => tf.slice(tensor, [1, 0, 5], [3, 32, 17]),
    'slice of everything': (tensor) => tf.slice(tensor, [0, 0, 0], [-1, -1, -1]),
    'forward strided slice': (tensor) => tf.stridedSlice(tensor, [0, 1, 0], [8, 30, 1024], [2, 3, 1]),
    unstack: (tensor) => tf.unstack(tensor, 1),
    split: (tensor) => tf.split(tensor, 4, 2),
    expandDims: (tensor) => tf.expandDims(tensor, 1),
    squeeze: (tensor) => tf.squeeze(tf.expandDims(tensor, 1)),
    clone: (tensor) => tf.clone(tensor),
    'cast to its own dtype': (tensor) => tf.cast(tensor, 'float32'),
    'broadcast of an added dimension': (tensor) => tf.broadcastTo(tf.expandDims(tensor), [16, 8, 32, 1024]),
    'a view of a view': (tensor) => tf.slice(tf.transpose(tf.reshape(tensor, [8, 32, 32, 32]), [3, 1, 2, 0]), [4, 0, 0, 0], [2, 32, 32, 8]),
  };
  it.each(Object.entries(views))('does not grow in bytes by a view: %s', (_name, view) => {
    x = tf.ones([8, 32, 1024]);
    const before = held();
    expect(before.bytes - base.bytes).toBeGreaterThanOrEqual(megabyte);
    const result = tf.tidy(() => view(x));
    expect(held().bytes).toBe(before.bytes);
    tf.dispose([result, x]);
    expect(held()).toEqual(base);
  });

  it('keeps the storage as long as a view of it lives', () => {
    x = tf.ones([8, 32, 1024]);
    const view = tf.slice(x, [7, 31, 1023], [1, 1, 1]);
    x.dispose();
    expect(held().bytes - base.bytes).toBeGreaterThanOrEqual(megabyte);
    expect(view.dataSync()).toEqual(Float32Array.of(1));
    view.dispose();
    expect(held()).toEqual(base);
  });

  it('counts a copy', () => {
    x = tf.ones([8, 32, 1024]);
    const copy = tf.neg(x);
    expect(held().bytes - base.bytes).toBeGreaterThanOrEqual(2 * megabyte);
    tf.dispose([x, copy]);
    expect(held()).toEqual(base);
  });

  it('is back at nothing after a gradient step of every dtype and family', () => {
    const step = (): void => tf.tidy(() => {
      const weights = tf.randomNormal([16, 16], 0, 1, 'float32', 1);
      const { value, grads } = tf.valueAndGrads((w: tf.Tensor) => {
        const hidden = tf.relu(tf.matMul(w as tf.Tensor2D, w as tf.Tensor2D, false, true));
        const picked = tf.gather(tf.softmax(hidden), tf.tensor1d([3, 1, 3], 'int32'));
        return tf.mean(tf.mul(picked, tf.cumsum(tf.slice(tf.concat([picked, picked], 0), [3, 0]), 1)));
      })([weights]);
      expect(Number.isFinite(value.dataSync()[0])).toBe(true);
      expect(grads[0]!.shape).toEqual([16, 16]);
      tf.topk(weights, 3);
      tf.unique(tf.tensor1d(['a', 'b', 'a']));
      tf.where(tf.greater(weights, 0), weights, tf.zerosLike(weights));
      tf.abs(tf.complex(weights, weights));
      tf.string.stringSplit(['a b', 'c'], ' ');
    });
    step();
    const data = tf.engine().backend.numDataIds();
    for (let i = 0; i < 5; i++) step();
    expect(held()).toEqual(base);
    expect(tf.engine().backend.numDataIds()).toBe(data);
  });

  it('counts one tensor of tfjs as one tensor here, and shares it between clones', () => {
    x = tf.ones([2, 3, 4]);
    const clone = tf.clone(x);
    expect(held().tensors - base.tensors).toBe(1);
    x.dispose();
    expect(clone.dataSync()).toEqual(new Float32Array(24).fill(1));
    clone.dispose();
    expect(held()).toEqual(base);
  });
});

describe('reading', () => {
  beforeAll(async () => selectBackend());

  it.each([
    ['float32', [1.5, -2, NaN, 4]],
    ['int32', [1, -2, 3, 2_147_483_647]],
    ['bool', [1, 0, 0, 1]],
    ['string', ['a', 'ü', '', 'd']],
  ] as const)('gives %s values asynchronously as it does at once', async (dtype, values) => {
    const x = tf.tensor([...values] as number[], [2, 2], dtype);
    const column = tf.slice(x, [0, 1], [2, 1]);
    expect([...await x.data()]).toEqual(values);
    expect([...x.dataSync()]).toEqual(values);
    expect([...await column.data()]).toEqual([values[1], values[3]]);
    tf.dispose([x, column]);
  });

  it('interleaves real and imaginary parts', async () => {
    const x = tf.complex([1, 2], [3, 4]);
    expect([...await x.data()]).toEqual([1, 3, 2, 4]);
    expect([...tf.imag(x).dataSync()]).toEqual([3, 4]);
  });

  it('finishes an asynchronous read of a tensor that is disposed meanwhile', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const values = x.data();
    x.dispose();
    expect([...await values]).toEqual([1, 2, 3]);
  });

  it('lets many reads run at once', async () => {
    const tensors = Array.from({ length: 20 }, (_, i) => tf.fill([1000], i));
    const values = await Promise.all(tensors.map(async (tensor) => tensor.data()));
    expect(values.map((read) => read[999])).toEqual(tensors.map((_, i) => i));
    tf.dispose(tensors);
  });
});
