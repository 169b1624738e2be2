import { engine, tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { crossEntropy, crossEntropyComposed } from '../../src/ops/crossEntropy.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError } from '../reference.ts';
import { gradientErrors, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);
const labels = () => tensor1d([2, 0, 4], 'int32');
const soft = () => tensor2d([[0.2, 0.3, 0.5, 0, 0], [1, 0, 0, 0, 0], [0.1, 0.1, 0.1, 0.1, 0.2]]);

describe.each([['crossEntropy', crossEntropy], ['crossEntropyComposed', crossEntropyComposed]])('%s', (_name, run) => {
  it('is log K for equal logits and nothing for a sure answer', () => {
    expect(run(tensor2d([[3, 3, 3, 3]]), tensor1d([1], 'int32')).dataSync()[0]).toBeCloseTo(Math.log(4), 6);
    expect(run(tensor2d([[100, 0], [0, 100]]), tensor1d([0, 1], 'int32')).dataSync()[0]).toBeCloseTo(0, 6);
  });

  it('averages over the batch and smooths towards the uniform', () => {
    // Sample 0 is surely right: log p = (0, -100). Sample 1: log p = (-log 2, -log 2).
    const logits = tensor2d([[100, 0], [0, 0]]);
    const smoothed = run(logits, tensor1d([0, 1], 'int32'), { labelSmoothing: 0.2 }).dataSync()[0];
    expect(smoothed).toBeCloseTo((0.1 * 100 + Math.log(2)) / 2, 5);
  });

  it('takes a soft target as it is: its sum need not be one', () => {
    const loss = run(tensor2d([[0, 0]]), tensor2d([[0.25, 0.5]])).dataSync()[0];
    expect(loss).toBeCloseTo(0.75 * Math.log(2), 6);
  });

  it.each([0, 0.1])('has the gradient of finite differences (smoothing %d)', (labelSmoothing) => {
    const logits = [randomTensor(rng, [3, 5])];
    expect(gradientErrors((x) => run(x, labels(), { labelSmoothing }), logits)[0]).toBeLessThan(1e-3);
    expect(gradientErrors((x) => run(x, soft(), { labelSmoothing }), logits)[0]).toBeLessThan(1e-3);
  });

  it('matches torch and timm, gradients too', async () => {
    const tensors = await readReference('losses_mixing');
    const { data, shape } = tensors.get('input.logits')!;
    const check = (name: string, target: Tensor, labelSmoothing: number) => tidy(() => {
      const logits = tensor(data, [...shape]);
      const { value, grads } = engine().gradients(() => run(logits, target, { labelSmoothing }), [logits]);
      expect(relativeError(value.dataSync(), tensors.get(`output.${name}`)!.data)).toBeLessThan(1e-6);
      expect(relativeError(grads[0]!.dataSync(), tensors.get(`grad.${name}`)!.data)).toBeLessThan(2e-6);
    });
    const given = tensor1d(Int32Array.from(tensors.get('input.labels')!.data), 'int32');
    check('ce', given, 0);
    check('label_smoothing0.1', given, 0.1);
    check('torch_label_smoothing0.1', given, 0.1);
    for (const name of ['lam0.3_smooth0.0', 'lam0.75_smooth0.1', 'lam1.0_smooth0.1']) {
      const target = tensors.get(`output.target_${name}`)!;
      check(`soft_ce_${name}`, tensor(target.data, [...target.shape]), 0);
    }
  });
});

describe('crossEntropy', () => {
  it('names the parameter that is wrong', () => {
    const logits = randomTensor(rng, [3, 5]);
    expect(() => crossEntropy(logits, tensor1d([0, 1], 'int32'))).toThrow(new ShapeError('crossEntropy: expected shape [3] for target, got [2]'));
    expect(() => crossEntropy(logits, randomTensor(rng, [3, 4]))).toThrow(new ShapeError('crossEntropy: expected shape [3, 5] for target, got [3, 4]'));
    expect(() => crossEntropy(logits, randomTensor(rng, [3])))
      .toThrow(new ShapeError('crossEntropy: expected dtype int32 for target of rank 1, got float32'));
    expect(() => crossEntropy(logits, labels(), { labelSmoothing: 1.5 }))
      .toThrow(new ShapeError('crossEntropy: expected a number in [0, 1] for labelSmoothing, got 1.5'));
  });
});
