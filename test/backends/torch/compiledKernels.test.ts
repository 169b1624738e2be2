// Kernels inside a compiled step: each must be traceable on shapes alone and give what it gives outside.

import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { CompiledStep } from '../../../src/ops/compileStep.ts';

type Step = (x: tf.Tensor2D, ids: tf.Tensor1D, mask: tf.Tensor2D) => tf.Tensor;

// x [4, 6] float32, ids [4] int32 in 0 … 3, mask [4, 6] bool
const steps: Record<string, Step> = {
  'unary with attributes': (x) => tf.add(tf.step(x, 0.2), tf.add(tf.leakyRelu(x), tf.clipByValue(x, -1, 1))),
  'arithmetic of integers': (_x, ids) => tf.add(tf.mod(ids, tf.add(ids, 1)), tf.floorDiv(tf.square(ids), tf.add(ids, 2))),
  'arithmetic of bools': (_x, _ids, mask) => tf.add(mask, tf.sub(mask, tf.logicalNot(mask))),
  'comparison and selection': (x, _ids, mask) => tf.where(tf.logicalAnd(mask, tf.greater(x, 0)), x, tf.zerosLike(x)),
  'prelu': (x) => tf.prelu(x, tf.mul(x, 0.5)),
  'reductions': (x) => tf.addN([tf.sum(x, 1), tf.mean(x, 1), tf.prod(x, 1), tf.max(x, 1), tf.min(x, 1), tf.logSumExp(x, 1)]),
  'all and any': (_x, _ids, mask) => tf.logicalOr(tf.all(mask, 0), tf.any(mask, 0)),
  'argMax and argMin': (x) => tf.add(tf.argMax(x, 1), tf.argMin(x, 1)),
  'cumulated': (x) => tf.add(tf.cumsum(x, 1, true, true), tf.cumprod(x, 0, true)),
  'softmax': (x) => tf.add(tf.softmax(x), tf.logSoftmax(x)),
  'views': (x) => tf.reshape(tf.slice(tf.transpose(x), [1, 0], [4, -1]), [2, 8]),
  'strided slice backwards': (x) => tf.stridedSlice(x, [3, 5], [0, 0], [-1, -2]),
  'split, concatenation, stack': (x) => tf.stack([...tf.split(x, 2, 1), tf.concat([tf.slice(x, [0, 0], [4, 1]), tf.slice(x, [0, 4], [4, 2])], 1)]),
  'tile, pad, reverse, mirrorPad': (x) => tf.reverse(tf.mirrorPad(tf.pad(tf.tile(x, [2, 1]), [[1, 2], [0, 1]], 7), [[1, 1], [0, 2]], 'reflect'), 1),
  'creation': (x) => tf.add(tf.add(x, tf.range(0, 6)), tf.add(tf.linspace(0, 1, 6), tf.fill([4, 6], 2.5))),
  'oneHot': (_x, ids) => tf.oneHot(ids, 5, 2, -1),
  'gather': (x, ids) => tf.gather(x, ids, 1),
  'gather in batches': (x, ids) => tf.gather(x, tf.expandDims(ids, 1), 1, 1),
  'gatherND': (x, ids) => tf.gatherND(x, tf.stack([ids, ids], 1)),
  'scatterND': (x, ids) => tf.scatterND(tf.expandDims(ids, 1), x, [5, 6]),
  'tensorScatterUpdate': (x, ids) => tf.tensorScatterUpdate(tf.zeros([5, 6]), tf.expandDims(ids, 1), x),
  'unsortedSegmentSum': (x, ids) => tf.unsortedSegmentSum(x, ids, 3),
  'bincount': (x, ids) => tf.bincount(ids, tf.slice(tf.reshape(x, [-1]), 0, 4) as tf.Tensor1D, 3),
  'searchSorted': (x) => tf.searchSorted(tf.range(-3, 3, 1), tf.reshape(x, [-1])),
  'topk': (x) => tf.topk(x, 3).values,
  'products': (x) => tf.add(tf.matMul(x, x, false, true), tf.einsum('ij,kj->ik', x, x)),
  'fused product': (x) => tf.fused.matMul({ a: x, b: x, transposeB: true, bias: tf.ones([4]), activation: 'elu' }),
  'complex': (x) => tf.abs(tf.mul(tf.complex(x, tf.square(x)), tf.complex(x, x))),
  'casts': (x) => tf.cast(tf.add(tf.cast(tf.cast(tf.mul(x, 10), 'int32'), 'float32'), tf.cast(tf.cast(x, 'bool'), 'float32')), 'int32'),
  'gradients': (x, ids) => tf.grad((v) => tf.sum(tf.mul(tf.gather(tf.softmax(tf.square(v) as tf.Tensor2D), ids), tf.max(v, 0))))(x),
};

type Compiled = (...args: tf.Tensor[]) => tf.Tensor[];
const compilable = (step: Step): Compiled => (x, ids, mask) => [step(x as tf.Tensor2D, ids as tf.Tensor1D, mask as tf.Tensor2D)];

describe('a compiled step', () => {
  let inputs: tf.Tensor[][];
  beforeAll(async () => {
    await selectBackend();
    inputs = [1, 2].map((seed) => [
      tf.randomNormal([4, 6], 0, 1, 'float32', seed),
      tf.tensor1d(seed === 1 ? [2, 0, 3, 2] : [1, 1, 0, 3], 'int32'),
      tf.greater(tf.randomNormal([4, 6], 0, 1, 'float32', seed + 2), 0),
    ]);
  });

  it.each(Object.entries(steps))('computes as outside: %s', (_name, step) => {
    const compiled = new CompiledStep(compilable(step));
    // Traced for the first inputs, run for both.
    for (const given of inputs) {
      const expected = tf.tidy(() => compilable(step)(...given)[0]!);
      const [result] = compiled.runSync(given);
      expect([result!.dtype, result!.shape]).toEqual([expected.dtype, expected.shape]);
      expect(result!.dataSync()).toEqual(expected.dataSync());
    }
    compiled.dispose();
  });

  const refused: Record<string, Step> = {
    'unique': (_x, ids) => tf.unique(ids).values,
    'multinomial': (x) => tf.multinomial(x, 2, 1),
    'booleans read by JavaScript': (x) => (x.dataSync()[0]! > 0 ? x : tf.neg(x)),
  };
  it.each(Object.entries(refused))('refuses what depends on values, and works on afterwards: %s', (_name, step) => {
    const compiled = new CompiledStep(compilable(step));
    expect(() => compiled.runSync(inputs[0]!)).toThrow(/compiled step cannot/);
    expect(tf.neg(tf.scalar(2)).dataSync()[0]).toBe(-2);
  });
});
