import { tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { layerNormAdd, layerNormAddComposed } from '../../src/ops/layerNormAdd.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);
const addendShapes = [[[3, 8]], [[1, 3, 8]], [[2, 3, 8]]] as const;

describe.each([['layerNormAdd', layerNormAdd], ['layerNormAddComposed', layerNormAddComposed]])('%s', (_name, run) => {
  it('adds one addend to the normalised rows of every sample', () => {
    const x = tensor3d([[[-1, 1], [1, -1]], [[-2, 2], [5, -5]]]);
    const y = run(x, tensor1d([1, 2]), tensor1d([0, 0]), tensor2d([[10, 20], [30, 40]]), 0).dataSync();
    expect([...y]).toEqual([9, 22, 31, 38, 9, 22, 31, 38]);
  });

  it.each(addendShapes)('has the gradient of finite differences, addend %j', (shape) => {
    const inputs = [randomTensor(rng, [2, 3, 8]), randomTensor(rng, [8]), randomTensor(rng, [8]), randomTensor(rng, [...shape])];
    expect(Math.max(...gradientErrors((x, w, b, a) => run(x, w, b, a), inputs))).toBeLessThan(1e-3);
  });
});

describe('layerNormAdd', () => {
  it.each(addendShapes)('equals the composed one, gradients too, addend %j', (shape) => {
    const inputs = [randomTensor(rng, [2, 3, 8]), randomTensor(rng, [8]), randomTensor(rng, [8]), randomTensor(rng, [...shape])];
    const composed = outputAndGradients((x, w, b, a) => layerNormAddComposed(x, w, b, a), inputs);
    outputAndGradients((x, w, b, a) => layerNormAdd(x, w, b, a), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, weight] = [randomTensor(rng, [2, 3, 4]), randomTensor(rng, [4])];
    const run = (shape: number[]) => () => layerNormAdd(x, weight, weight, randomTensor(rng, shape));
    expect(run([3, 3, 4])).toThrow(new ShapeError('layerNormAdd: expected shape [1 or 2, 3, 4] for addend, got [3, 3, 4]'));
    expect(run([2, 4])).toThrow(new ShapeError('layerNormAdd: expected shape [..., 3, 4] for addend, got [2, 4]'));
  });
});
