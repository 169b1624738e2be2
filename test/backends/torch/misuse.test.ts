import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/backends/select.ts';
import { aten, binding } from '../../../src/backends/torch/binding.ts';
import type { Handle } from '../../../src/backends/torch/binding.ts';

// What types forbid and JavaScript does all the same.
const as = (value: unknown): never => value as never;
const vector = (...values: number[]): Handle =>
  binding().fromTypedArray(Float32Array.from(values), [values.length], 'float32', 'cpu');

function freed(): Handle {
  const handle = vector(1);
  binding().free(handle);
  return handle;
}

beforeAll(async () => selectBackend());

// Each of these must throw; that the process is alive for the next one is the other half of the test.
describe('the addon refuses, by name of function and argument,', () => {
  const calls: Record<string, [call: () => unknown, message: RegExp]> = {
    'a freed handle': [() => binding().read(freed()), /tensor handle \d+ was freed/],
    'freeing twice': [() => binding().free(freed()), /tensor handle \d+ was freed/],
    'an operator on a freed handle': [() => aten('neg')(freed()), /was freed/],
    'a list with a freed handle': [() => aten('cat')([vector(1), freed()], 0), /was freed/],
    'an invented handle': [() => binding().sizes(1e15), /tensor handle/],
    'handle 0': [() => aten('neg')(0), /aten::neg: expected a tensor handle for self, got a number/],
    'a fraction as a handle': [() => aten('neg')(1.5), /expected a tensor handle for self/],
    'NaN as a handle': [() => binding().read(NaN), /tensor handle/],
    'a string as a handle': [() => aten('neg')('x'), /aten::neg: expected a tensor handle for self, got a string/],
    'null as a handle': [() => binding().read(as(null)), /read: expected a tensor handle/],
    'an object as a handle': [() => binding().free(as({})), /free: expected a tensor handle/],
    'an unknown operator': [() => aten('nosuch')(vector(1)), /no operator aten::nosuch/],
    'an unknown overload': [() => aten('add', 'Nope')(vector(1)), /no operator aten::add\.Nope/],
    'too few arguments': [() => aten('add', 'Tensor')(vector(1)), /aten::add\.Tensor: expected a value for other/],
    'too many arguments': [() => aten('neg')(vector(1), 1, 1), /aten::neg: expected at most 1 arguments, got 3/],
    'an argument of another type': [() => aten('add', 'Tensor')(vector(1), vector(1), 'x'), /expected a number for alpha, got a string/],
    'a fraction as a dimension': [() => aten('unsqueeze')(vector(1), 0.5), /expected an integer for dim/],
    'an unknown dtype': [() => binding().fromTypedArray(new Float32Array(1), [1], as('float8'), 'cpu'), /unknown dtype 'float8'/],
    'an unknown device': [() => binding().fromTypedArray(new Float32Array(1), [1], 'float32', 'abacus'), /abacus/],
    'too few values': [() => binding().fromTypedArray(new Float32Array(3), [2, 2], 'float32', 'cpu'), /expected 16 bytes .* got 12/],
    'a negative size': [() => binding().fromTypedArray(new Float32Array(1), [-1], 'float32', 'cpu'), /sizes of 0 or more/],
    'a size beyond memory': [() => binding().fromTypedArray(new Float32Array(1), [2 ** 40, 2 ** 40], 'float32', 'cpu'), /overflow/],
    'a plain array as data': [() => binding().fromTypedArray(as([1]), [1], 'float32', 'cpu'), /fromTypedArray: expected a typed array/],
    'writing too few values': [() => binding().write(vector(1, 2), new Float32Array(1)), /write: expected 8 bytes/],
    'shapes that do not broadcast': [() => aten('add', 'Tensor')(vector(1, 2), vector(1, 2, 3)), /float32\[2\], float32\[3\]/],
    'a view past the end': [() => aten('narrow')(vector(1), 0, 0, 9), /aten::narrow\(float32\[1\]/],
    'a stride past the storage': [() => aten('as_strided')(vector(1), [100], [100]), /out of bounds/],
    'more memory than there is': [() => aten('zeros')([2 ** 42], 'float32', null, 'cpu'), /out of memory.*asked for/],
    'ending a scope that was not begun': [() => binding().endScope([]), /endScope without beginScope/],
    'ending a trace that was not begun': [() => binding().endTrace([]), /no step is being traced/],
    'an unknown program': [() => binding().runProgram(12_345, []), /program 12345/],
    'no threads': [() => binding().threads(0), /threads: expected 1 or more/],
  };
  it.each(Object.entries(calls))('%s', (_name, [call, message]) => {
    const { tensors } = binding().memory();
    expect(call).toThrow(message);
    expect(new Float32Array(binding().read(aten('neg')(vector(2))))[0]).toBe(-2);
    // The tensors made above, with no scope around them, and none besides.
    expect(binding().memory().tensors - tensors).toBeLessThanOrEqual(4);
  });
});

describe('a kernel refuses', () => {
  const int = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
  const calls: Record<string, [call: () => unknown, message: RegExp]> = {
    'a disposed tensor': [
      () => {
        const x = tf.tensor1d([1]);
        x.dispose();
        return tf.neg(x);
      },
      /live tensor, got one that was disposed/,
    ],
    'an index outside, gathering': [() => tf.gather(tf.tensor1d([1, 2]), int(7)), /the index value 7 is not in \[0, 1\]/],
    'a negative index, gathering': [() => tf.gather(tf.tensor1d([1, 2]), int(-1)), /the index value -1 is not in \[0, 1\]/],
    'an index outside, gathering in batches': [
      () => tf.gather(tf.ones([2, 3]), tf.tensor2d([[0], [3]], [2, 1], 'int32'), 1, 1), /the index value 3 is not in \[0, 2\]/],
    'an index outside, gathering by tuple': [() => tf.gatherND(tf.ones([2, 3]), tf.tensor2d([[1, 9]], [1, 2], 'int32')), /index/],
    'an index outside, scattering': [() => tf.scatterND(tf.tensor2d([[5]], [1, 1], 'int32'), tf.tensor1d([1]), [3]), /index/],
    'an index outside, updating': [
      () => tf.tensorScatterUpdate(tf.zeros([3]), tf.tensor2d([[5]], [1, 1], 'int32'), tf.tensor1d([1])), /index/],
    'an index outside, filling from sparse': [() => tf.sparseToDense(int(5), tf.tensor1d([1]), [3], tf.scalar(0)), /index/],
    'negative values to count': [() => tf.bincount(int(-1, 2), tf.tensor1d([]), 3), /index -1 is out of bounds/],
    'factors that do not fit': [() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])), /inner shapes \(3\) and \(2\)/],
    'a reshape that does not fit': [() => tf.reshape(tf.ones([3]), [2]), /Size\(3\) must match/],
    'a slice past the end': [() => tf.slice(tf.ones([3]), [2], [2]), /slice/],
  };
  it.each(Object.entries(calls))('%s, and frees what it had made', (_name, [call, message]) => {
    const counts = (): number[] => [binding().memory().tensors, tf.memory().numTensors, tf.engine().backend.numDataIds()];
    const before = counts();
    expect(() => tf.tidy(() => {
      call();
    })).toThrow(message);
    expect(counts()).toEqual(before);
  });
});
