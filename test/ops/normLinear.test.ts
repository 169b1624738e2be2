import { tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { normLinear, normLinearComposed } from '../../src/ops/normLinear.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

/** [x, gamma, beta, weight], then as asked the bias and the addend. */
function inputs(shape: [number, number, number], out: number, bias: boolean, addendBatch?: number): Tensor[] {
  const [, tokens, channels] = shape;
  return [
    randomTensor(rng, shape), randomTensor(rng, [channels]), randomTensor(rng, [channels]), randomTensor(rng, [out, channels]),
    ...(bias ? [randomTensor(rng, [out])] : []),
    ...(addendBatch === undefined ? [] : [randomTensor(rng, [addendBatch, tokens, channels])]),
  ];
}

/** The operation on such a list. */
const on = (run: typeof normLinear, bias: boolean) => (...given: Tensor[]) => {
  const [x, gamma, beta, weight, ...rest] = given as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  return run(x, { weight: gamma, bias: beta, eps: 1e-6 }, { weight, bias: bias ? rest[0] : undefined }, rest[bias ? 1 : 0]);
};

const cases: [bias: boolean, addendBatch: number | undefined][] = [
  [true, 1], [true, 2], [true, undefined], [false, 1], [false, undefined],
];

describe.each([['normLinear', normLinear], ['normLinearComposed', normLinearComposed]])('%s', (_name, run) => {
  it('projects the normalised rows plus the position of their token', () => {
    const x = tensor3d([[[-1, 1], [1, -1]], [[-2, 2], [5, -5]]]);
    const norm = { weight: tensor1d([1, 2]), bias: tensor1d([0, 0]), eps: 0 };
    const y = run(x, norm, { weight: tensor2d([[1, 1], [0, 1]]), bias: tensor1d([100, 0]) }, tensor3d([[[10, 20], [30, 40]]]));
    expect([...y.dataSync()]).toEqual([131, 22, 169, 38, 131, 22, 169, 38]);
  });

  it.each(cases)('has the gradient of finite differences (bias %s, addend %s)', (bias, addendBatch) => {
    expect(Math.max(...gradientErrors(on(run, bias), inputs([2, 3, 8], 5, bias, addendBatch)))).toBeLessThan(1e-3);
  });
});

describe('normLinear', () => {
  // 300 tokens: more rows than one tile of the native operator.
  it.each(cases)('equals the composed one, gradients too (bias %s, addend %s)', (bias, addendBatch) => {
    const given = inputs([2, 300, 24], 17, bias, addendBatch);
    const composed = outputAndGradients(on(normLinearComposed, bias), given);
    outputAndGradients(on(normLinear, bias), given).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('names the parameter whose shape is wrong', () => {
    const [x, gamma, beta, weight, bias] = inputs([2, 3, 4], 5, true) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const norm = { weight: gamma, bias: beta, eps: 1e-6 };
    expect(() => normLinear(x, { ...norm, bias }, { weight })).toThrow(new ShapeError('normLinear: expected shape [4] for norm.bias, got [5]'));
    expect(() => normLinear(x, norm, { weight: bias })).toThrow(new ShapeError('normLinear: expected shape [out, 4] for layer.weight, got [5]'));
    expect(() => normLinear(x, norm, { weight }, randomTensor(rng, [3, 3, 4])))
      .toThrow(new ShapeError('normLinear: expected shape [1 or 2, 3, 4] for addend, got [3, 3, 4]'));
  });
});
