// What tfjs-core's own specs leave open and libtorch would answer differently, or not at all. Expected values by hand.

import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';

const int = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
const bool = (...values: boolean[]): tf.Tensor1D => tf.tensor1d(values, 'bool');
const float = (...values: number[]): tf.Tensor1D => tf.tensor1d(values);

type Expected = readonly [dtype: string, values: readonly (number | string)[]];

const cases: Record<string, [compute: () => tf.Tensor, expected: Expected]> = {
  'bools are counted by add': [() => tf.add(bool(true, true), bool(true, false)), ['int32', [2, 1]]],
  'bools are counted by sub': [() => tf.sub(bool(false, true), bool(true, false)), ['int32', [-1, 1]]],
  'the product of masks is a mask': [() => tf.mul(bool(true, true), bool(true, false)), ['bool', [1, 0]]],
  'neg of a bool': [() => tf.neg(bool(true, false)), ['int32', [-1, 0]]],
  'relu of a bool': [() => tf.relu(bool(true, false)), ['int32', [1, 0]]],
  'clip of a bool': [() => tf.clipByValue(bool(true, false), 0, 5), ['int32', [1, 0]]],
  'div of bools': [() => tf.div(bool(true, false), bool(true, true)), ['float32', [1, 0]]],
  'sum of bools': [() => tf.sum(bool(true, true, false)), ['int32', [2]]],
  'mean of bools': [() => tf.mean(bool(true, true, false, false)), ['float32', [0.5]]],
  'softplus of int32 is float32': [() => tf.softplus(int(0)), ['float32', [Math.fround(Math.LN2)]]],
  'selu of int32 is float32': [() => tf.selu(int(0, 1)), ['float32', [0, Math.fround(1.0507009873554805)]]],
  'floorDiv rounds down': [() => tf.floorDiv(int(7, -7, 7), int(2, 2, -2)), ['int32', [3, -4, -4]]],
  'floorDiv by 0 is 0': [() => tf.floorDiv(int(7, 0), int(0, 0)), ['int32', [0, 0]]],
  'floorDiv holds every int32': [() => tf.floorDiv(int(2_147_483_647, -2_147_483_648), int(1, 1)), ['int32', [2_147_483_647, -2_147_483_648]]],
  'floorDiv of floats is int32': [() => tf.floorDiv(float(5.5, -5.5), float(2, 2)), ['int32', [2, -3]]],
  'mod takes the sign of the divisor': [() => tf.mod(int(7, -7, 7), int(3, 3, -3)), ['int32', [1, 2, -2]]],
  'mod by 0 is 0': [() => tf.mod(int(7), int(0)), ['int32', [0]]],
  'int32 products wrap around': [() => tf.mul(int(65_536), int(65_537)), ['int32', [65_536]]],
  'sums of int32 wrap around': [() => tf.sum(int(2_147_483_647, 1)), ['int32', [-2_147_483_648]]],
  'max of nothing': [() => tf.max(float()), ['float32', [-Infinity]]],
  'min of nothing, int32': [() => tf.min(int()), ['int32', [2_147_483_647]]],
  'max of nothing, in each column': [() => tf.max(tf.zeros([0, 2]), 0), ['float32', [-Infinity, -Infinity]]],
  'sum of nothing': [() => tf.sum(tf.zeros([0, 2]), 0), ['float32', [0, 0]]],
  'product of nothing': [() => tf.prod(float()), ['float32', [1]]],
  'mean of nothing': [() => tf.mean(float()), ['float32', [NaN]]],
  'no axis reduces nothing': [() => tf.sum(float(1, 2), []), ['float32', [1, 2]]],
  'matMul over an empty inner dimension': [() => tf.matMul(tf.zeros([1, 0]), tf.zeros([0, 2])), ['float32', [0, 0]]],
  'argMax passes over NaN': [() => tf.argMax(float(NaN, 1, 3, NaN)), ['int32', [2]]],
  'argMin passes over NaN': [() => tf.argMin(float(NaN, 3, 1)), ['int32', [2]]],
  'the first of equal maxima': [() => tf.argMax(int(1, 5, 5)), ['int32', [1]]],
  'topk takes the first of equal values': [() => tf.topk(float(1, 2, 2, 2), 2).indices, ['int32', [1, 2]]],
  'prelu leaves positive values alone': [() => tf.prelu(float(2, 0, -2), float(Infinity, NaN, 0.5)), ['float32', [2, 0, -1]]],
  'step keeps NaN': [() => tf.step(float(NaN, -1, 0, 1), 0.5), ['float32', [NaN, 0.5, 0.5, 1]]],
  'cumsum along an axis from the end': [() => tf.cumsum(tf.tensor2d([[1, 2], [3, 4]]), -1), ['float32', [1, 3, 3, 7]]],
  'exclusive and reverse cumprod': [() => tf.cumprod(float(2, 3, 4), 0, true, true), ['float32', [12, 4, 1]]],
  'the last update of one place counts': [
    () => tf.tensorScatterUpdate(float(0, 0), tf.tensor2d([[1], [1]], [2, 1], 'int32'), float(5, 6)), ['float32', [0, 6]]],
  'updates of one place add up': [
    () => tf.scatterND(tf.tensor2d([[1], [1]], [2, 1], 'int32'), int(5, 6), [2]), ['int32', [0, 11]]],
  'segments outside the range are dropped': [
    () => tf.unsortedSegmentSum(int(1, 2, 4, 8), int(-1, 0, 2, 0), 2), ['int32', [10, 0]]],
  'oneHot of an index outside is all off': [() => tf.oneHot(int(-1, 1, 2), 2, 9, 3), ['int32', [3, 3, 3, 9, 3, 3]]],
  'range counts what a fraction leaves': [() => tf.range(0, 1, 0.3), ['float32', [0, 0.3, 0.6, 0.9].map(Math.fround)]],
  'linspace of one': [() => tf.linspace(3, 7, 1), ['float32', [3]]],
  'casting cuts off the fraction': [() => tf.cast(float(1.9, -1.9), 'int32'), ['int32', [1, -1]]],
  'casting NaN to bool': [() => tf.cast(float(NaN, 0, -0.5), 'bool'), ['bool', [1, 0, 1]]],
  'strings in order': [() => tf.less(tf.tensor1d(['a', 'b']), tf.tensor1d(['b', 'a'])), ['bool', [1, 0]]],
  'strings broadcast': [() => tf.equal(tf.tensor2d([['a'], ['b']]), tf.tensor1d(['a', 'b'])), ['bool', [1, 0, 0, 1]]],
  'strings concatenated': [() => tf.concat([tf.tensor2d([['a', 'b']]), tf.tensor2d([['c', 'd']])], 1), ['string', ['a', 'b', 'c', 'd']]],
  'strings tell apart by their separators': [() => tf.unique(tf.tensor2d([['a,b', 'c'], ['a', 'b,c']])).indices, ['int32', [0, 1]]],
  'nothing is unique in nothing': [() => tf.unique(int()).values, ['int32', []]],
  'columns tell apart': [() => tf.unique(tf.tensor2d([[1, 2, 1], [3, 3, 3]]), 1).indices, ['int32', [0, 1, 0]]],
  'a seed draws the same classes': [
    () => tf.sub(tf.multinomial(tf.zeros<tf.Rank.R2>([2, 5]), 50, 7), tf.multinomial(tf.zeros<tf.Rank.R2>([2, 5]), 50, 7)),
    ['int32', new Array<number>(100).fill(0)]],
};

describe('the backend torch', () => {
  beforeAll(async () => selectBackend());

  it.each(Object.entries(cases))('%s', (_name, [compute, [dtype, values]]) => {
    tf.tidy(() => {
      const result = compute();
      expect([result.dtype, [...result.dataSync()]]).toEqual([dtype, values]);
    });
  });

  it('draws a class as often as its probability says', () => {
    const drawn = tf.multinomial(tf.log(tf.tensor2d([[0.1, 0, 0.6, 0.3]])), 20_000, 3).dataSync();
    const shares = [0, 1, 2, 3].map((index) => drawn.filter((value) => value === index).length / 20_000);
    // Three and a half standard deviations; a class of probability 0 never.
    [0.1, 0, 0.6, 0.3].forEach((probability, index) =>
      expect(Math.abs(shares[index]! - probability)).toBeLessThanOrEqual(probability === 0 ? 0 : 0.012));
  });
});
