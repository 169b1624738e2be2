// Tensors that tfjs sees as 'float32' may be stored as bfloat16. Every kernel must take them, alone and beside float32.

import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { TorchBackend } from '../../../src/backends/torch/backend.ts';
import { aten, binding } from '../../../src/backends/torch/binding.ts';

function backend(): TorchBackend {
  const active = tf.engine().backend;
  if (!(active instanceof TorchBackend)) throw new Error('expected the torch backend');
  return active;
}

function asBfloat16(x: tf.Tensor): tf.Tensor {
  const handle = aten('to', 'dtype')(backend().handle(x), 'bfloat16');
  return tf.engine().makeTensorFromTensorInfo(backend().adopt(handle, 'float32'));
}

const ids = (): tf.Tensor1D => tf.tensor1d([2, 0, 3], 'int32');
const tuples = (): tf.Tensor2D => tf.tensor2d([[2], [0], [3], [1]], [4, 1], 'int32');

// a, b [4, 6]; the one in bfloat16 is either of them, or both
const operations: Record<string, (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor> = {
  'sum': (a, b) => tf.add(a, b),
  'quotient': (a, b) => tf.div(a, b),
  'maximum': (a, b) => tf.maximum(a, b),
  'squared difference': (a, b) => tf.squaredDifference(a, b),
  'comparison': (a, b) => tf.greater(a, b),
  'prelu': (a, b) => tf.prelu(a, b),
  'floorDiv and mod': (a, b) => tf.add(tf.floorDiv(a, b), tf.mod(a, tf.abs(b))),
  'selection': (a, b) => tf.where(tf.greater(a, 0), a, b),
  'concatenation': (a, b) => tf.concat([a, b], 1),
  'stack': (a, b) => tf.stack([a, b]),
  'product': (a, b) => tf.matMul(a, b, false, true),
  'einsum': (a, b) => tf.einsum('ij,kj->ik', a, b),
  'fused product': (a, b) => tf.fused.matMul({ a, b, transposeB: true, bias: tf.ones([4]), activation: 'relu' }),
  'softmax': (a, b) => tf.add(tf.softmax(a), tf.logSoftmax(b)),
  'reductions': (a, b) => tf.addN([tf.sum(a, 1), tf.mean(b, 1), tf.max(a, 1), tf.min(b, 1), tf.prod(a, 1)]),
  'argMax': (a, b) => tf.add(tf.argMax(a, 1), tf.argMin(b, 1)),
  'cumsum': (a, b) => tf.add(tf.cumsum(a, 1, true), tf.cumprod(b, 0)),
  'gather': (a, b) => tf.add(tf.gather(a, ids()), tf.gather(b, ids())),
  'scatterND': (a, b) => tf.add(tf.scatterND(tuples(), a, [5, 6]), tf.scatterND(tuples(), b, [5, 6])),
  'tensorScatterUpdate': (a, b) => tf.tensorScatterUpdate(a, tuples(), b),
  'unsortedSegmentSum': (a, b) => tf.add(tf.unsortedSegmentSum(a, tf.tensor1d([0, 1, 0, 1], 'int32'), 2), tf.sum(b)),
  'bincount': (a, b) => tf.bincount(tf.tensor1d([0, 1, 1], 'int32'), tf.slice(tf.reshape(tf.add(a, b), [-1]), 0, 3) as tf.Tensor1D, 2),
  'searchSorted': (a, b) => {
    const sorted = tf.linspace(-1.9, 1.9, 7);
    return tf.add(tf.searchSorted(sorted, tf.reshape(a, [-1])), tf.searchSorted(sorted, tf.reshape(b, [-1])));
  },
  'topk': (a, b) => tf.add(tf.topk(a, 2).values, tf.topk(b, 2).values),
  'unary with attributes': (a, b) => tf.add(tf.add(tf.step(a), tf.leakyRelu(b)), tf.clipByValue(a, -0.5, 0.5)),
  'views': (a, b) => tf.add(tf.reverse(tf.transpose(a)), tf.tile(tf.slice(tf.transpose(b), [0, 0], [1, 4]), [6, 1])),
  'pad': (a, b) => tf.add(tf.pad(a, [[1, 0], [0, 1]], 2), tf.mirrorPad(b, [[1, 0], [0, 1]], 'reflect')),
  'casts': (a, b) => tf.add(tf.cast(tf.mul(a, 4), 'int32'), tf.cast(tf.cast(b, 'bool'), 'int32')),
  'complex': (a, b) => tf.real(tf.mul(tf.complex(a, b), tf.complex(b, a))),
  'gradient': (a, b) => tf.grads((x: tf.Tensor, y: tf.Tensor) =>
    tf.sum(tf.mul(tf.relu(tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, false, true)), tf.mean(x))))([a, b])[0]!,
};

describe('a tensor stored as bfloat16', () => {
  let a: tf.Tensor2D, b: tf.Tensor2D;
  beforeAll(async () => {
    await selectBackend();
    // Values that bfloat16 holds exactly, away from each other's ties.
    const values = (offset: number): tf.Tensor2D =>
      tf.tensor2d(Array.from({ length: 24 }, (_, i) => (((i * 7 + offset) % 24) - 11.5) / 8), [4, 6]);
    a = values(0);
    b = values(5);
  });

  it.each(Object.entries(operations))('computes as float32 does, within its precision: %s', (_name, operation) => {
    tf.tidy(() => {
      const expected = operation(a, b);
      const reference = expected.dataSync();
      const scale = Math.max(...Array.from(reference, Math.abs));
      for (const [left, right] of [[asBfloat16(a), b], [a, asBfloat16(b)], [asBfloat16(a), asBfloat16(b)]]) {
        const result = operation(left as tf.Tensor2D, right as tf.Tensor2D);
        expect([result.dtype, result.shape]).toEqual([expected.dtype, expected.shape]);
        const storage = binding().dtype(backend().handle(result));
        expect(result.dtype === 'float32' ? ['float32', 'bfloat16'] : [result.dtype]).toContain(storage);
        result.dataSync().forEach((value, i) => expect(Math.abs(value - reference[i]!)).toBeLessThanOrEqual(0.02 * scale));
      }
    });
  });
});
