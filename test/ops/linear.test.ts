import { engine, memory, sum, tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { linear, linearComposed } from '../../src/ops/linear.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

describe.each([['linear', linear], ['linearComposed', linearComposed]])('%s', (_name, run) => {
  it('multiplies by the transposed weight and adds the bias', () => {
    const weight = tensor2d([[1, 2, 3], [4, 5, 6]]);
    expect([...run(tensor2d([[1, 0, -1]]), weight, tensor1d([10, 20])).dataSync()]).toEqual([8, 18]);
    expect([...run(tensor2d([[1, 0, -1]]), weight).dataSync()]).toEqual([-2, -2]);
  });

  it('treats all leading axes as rows', () => {
    const y = run(tensor3d([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]), tensor2d([[1, 1], [0, 1], [1, 0]]));
    expect(y.shape).toEqual([2, 2, 3]);
    expect([...y.dataSync()]).toEqual([3, 2, 1, 7, 4, 3, 11, 6, 5, 15, 8, 7]);
  });

  it.each([true, false])('has the gradient of finite differences (bias: %s)', (bias) => {
    const inputs = [randomTensor(rng, [2, 5, 4]), randomTensor(rng, [3, 4]), ...(bias ? [randomTensor(rng, [3])] : [])];
    expect(Math.max(...gradientErrors((x, w, b) => run(x, w, b), inputs))).toBeLessThan(1e-4);
  });

  it('takes a batch of none', () => {
    expect(run(tensor2d([], [0, 4]), randomTensor(rng, [3, 4]), randomTensor(rng, [3])).shape).toEqual([0, 3]);
  });
});

describe('linear', () => {
  it('equals the composed one, gradients too', () => {
    const inputs = [randomTensor(rng, [4, 7, 16]), randomTensor(rng, [12, 16]), randomTensor(rng, [12])];
    const composed = outputAndGradients((x, w, b) => linearComposed(x, w, b), inputs);
    outputAndGradients((x, w, b) => linear(x, w, b), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(2e-6));
  });

  it('gives a gradient to a part of its inputs', () => {
    const [x, weight, bias] = [randomTensor(rng, [4, 3]), randomTensor(rng, [2, 3]), randomTensor(rng, [2])];
    const before = memory().numTensors;
    const { value, grads } = engine().gradients(() => sum(linear(x, weight, bias)), [bias]);
    expect([...grads[0]!.dataSync()]).toEqual([4, 4]);
    value.dispose();
    grads[0]!.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, weight, bias] = [randomTensor(rng, [4, 3]), randomTensor(rng, [2, 3]), randomTensor(rng, [2])];
    expect(() => linear(randomTensor(rng, [4, 5]), weight)).toThrow(new ShapeError('linear: expected shape [..., 3] for x, got [4, 5]'));
    expect(() => linear(x, bias)).toThrow(new ShapeError('linear: expected shape [out, in] for weight, got [2]'));
    expect(() => linear(x, weight, x)).toThrow(new ShapeError('linear: expected shape [2] for bias, got [4, 3]'));
  });
});
