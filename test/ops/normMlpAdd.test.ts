import { tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { normMlpAdd, normMlpAddComposed } from '../../src/ops/normMlpAdd.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

/** The operation on [x, gamma, beta, w1, b1, w2, b2]. */
const on = (run: typeof normMlpAdd, scaled: boolean) => (...given: Tensor[]) => {
  const [x, gamma, beta, w1, b1, w2, b2] = given as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const scale = scaled ? tensor1d([0, 1.25]) : undefined;
  return run(x, { weight: gamma, bias: beta, eps: 1e-6 }, { weight: w1, bias: b1 }, { weight: w2, bias: b2 }, scale);
};
const inputs = (tokens: number, channels: number, hidden: number) => [
  [2, tokens, channels], [channels], [channels], [hidden, channels], [hidden], [channels, hidden], [channels],
].map((shape) => randomTensor(rng, shape, 0.5));

describe.each([['normMlpAdd', normMlpAdd], ['normMlpAddComposed', normMlpAddComposed]])('%s', (_name, run) => {
  it('adds the scaled branch to the residual stream', () => {
    // The norm makes (-1, 1) of each row, fc1 takes 10 times the second, which GELU leaves; fc2 gives it to the first, plus 1.
    const norm = { weight: tensor1d([1, 1]), bias: tensor1d([0, 0]), eps: 0 };
    const fc1 = { weight: tensor2d([[0, 10]]), bias: tensor1d([0]) };
    const fc2 = { weight: tensor2d([[1], [0]]), bias: tensor1d([1, 0]) };
    const x = tensor3d([[[-2, 2]], [[-3, 3]]]);
    expect([...run(x, norm, fc1, fc2, tensor1d([0, 2])).dataSync()]).toEqual([-2, 2, 19, 3]);
    expect([...run(x, norm, fc1, fc2).dataSync()]).toEqual([9, 2, 8, 3]);
  });

  it.each([true, false])('has the gradient of finite differences (scale %s)', (scaled) => {
    expect(Math.max(...gradientErrors(on(run, scaled), inputs(3, 6, 8)))).toBeLessThan(2e-3);
  });
});

describe('normMlpAdd', () => {
  it.each([true, false])('equals the composed one, gradients too (scale %s)', (scaled) => {
    const given = inputs(300, 24, 40);
    const composed = outputAndGradients(on(normMlpAddComposed, scaled), given);
    outputAndGradients(on(normMlpAdd, scaled), given).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, gamma, beta, w1, b1, w2] = inputs(3, 6, 8) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const norm = { weight: gamma, bias: beta, eps: 1e-6 };
    expect(() => normMlpAdd(x, norm, { weight: w1, bias: b1 }, { weight: w1, bias: b1 }))
      .toThrow(new ShapeError('normMlpAdd: expected shape [out, 8] for fc2.weight, got [8, 6]'));
    expect(() => normMlpAdd(x, norm, { weight: w1, bias: b1 }, { weight: randomTensor(rng, [5, 8]) }))
      .toThrow(new ShapeError('normMlpAdd: expected 6 outputs for fc2, got 5'));
    expect(() => normMlpAdd(x, norm, { weight: w1, bias: gamma }, { weight: w2 }))
      .toThrow(new ShapeError('normMlpAdd: expected shape [8] for fc1.bias, got [6]'));
  });
});
