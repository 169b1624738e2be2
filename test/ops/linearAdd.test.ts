import { tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { linearAdd, linearAddComposed } from '../../src/ops/linearAdd.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);
const scale = () => tensor1d([0, 1.25]);

/** The operation on [x, residual, weight] and, where given, the bias. */
const on = (run: typeof linearAdd, scaled: boolean) => (...given: Tensor[]) => {
  const [x, residual, weight, bias] = given as [Tensor, Tensor, Tensor, Tensor | undefined];
  return run(x, { weight, bias }, residual, scaled ? scale() : undefined);
};
const inputs = (tokens: number, channels: number, out: number, bias: boolean) => [
  randomTensor(rng, [2, tokens, channels]), randomTensor(rng, [2, tokens, out]), randomTensor(rng, [out, channels]),
  ...(bias ? [randomTensor(rng, [out])] : []),
];
const cases: [bias: boolean, scaled: boolean][] = [[true, true], [true, false], [false, true], [false, false]];

describe.each([['linearAdd', linearAdd], ['linearAddComposed', linearAddComposed]])('%s', (_name, run) => {
  it('scales each sample of the projection and adds the residual', () => {
    const layer = { weight: tensor2d([[1, 1]]), bias: tensor1d([1]) };
    const residual = tensor3d([[[100], [200]], [[300], [400]]]);
    const x = tensor3d([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
    expect([...run(x, layer, residual, tensor1d([0, 10])).dataSync()]).toEqual([100, 200, 420, 560]);
    expect([...run(x, layer, residual).dataSync()]).toEqual([104, 208, 312, 416]);
  });

  it.each(cases)('has the gradient of finite differences (bias %s, scale %s)', (bias, scaled) => {
    expect(Math.max(...gradientErrors(on(run, scaled), inputs(3, 6, 4, bias)))).toBeLessThan(1e-4);
  });
});

describe('linearAdd', () => {
  it.each(cases)('equals the composed one, gradients too (bias %s, scale %s)', (bias, scaled) => {
    const given = inputs(300, 24, 17, bias);
    const composed = outputAndGradients(on(linearAddComposed, scaled), given);
    outputAndGradients(on(linearAdd, scaled), given).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, residual, weight] = inputs(3, 6, 4, false) as [Tensor, Tensor, Tensor];
    expect(() => linearAdd(x, { weight }, x)).toThrow(new ShapeError('linearAdd: expected shape [2, 3, 4] for residual, got [2, 3, 6]'));
    expect(() => linearAdd(x, { weight }, residual, tensor1d([1]))).toThrow(new ShapeError('linearAdd: expected shape [2] for scale, got [1]'));
  });
});
