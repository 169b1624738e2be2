import { scalar, tensor, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { accumulate, clear } from '../../src/ops/accumulate.ts';
import { adamW, adamWComposed } from '../../src/ops/adamW.ts';
import { clipGradientNorm, clipGradientNormComposed } from '../../src/ops/clipGradientNorm.ts';
import { movingAverage, movingAverageComposed } from '../../src/ops/movingAverage.ts';
import { sgd, sgdComposed } from '../../src/ops/sgd.ts';
import { readReference, relativeError, withPrefix, type ReferenceTensor } from '../reference.ts';

beforeAll(() => selectBackend());

/** Of outputs, in test/fixtures/reference/README.md. */
const tolerance = 2e-6;
const learningRates = [0.01, 0.02, 0.015, 0.005, 0.001];
const noDecay = ['head.bias', 'norm.weight', 'pos_embed'];

function variables(tensors: ReadonlyMap<string, ReferenceTensor>, fill?: number): Variable[] {
  return [...tensors.values()].map(({ data, shape }) =>
    variable(tensor(fill === undefined ? data : data.map(() => fill), [...shape])));
}

class Problem {
  readonly names: readonly string[];
  readonly parameters: readonly Variable[];
  readonly #all: ReadonlyMap<string, ReferenceTensor>;

  constructor(all: ReadonlyMap<string, ReferenceTensor>) {
    const initial = withPrefix(all, 'input.param.');
    this.#all = all;
    this.names = [...initial.keys()];
    this.parameters = variables(initial);
  }

  zeros(): Variable[] {
    return variables(withPrefix(this.#all, 'input.param.'), 0);
  }

  gradients(step: number): Tensor[] {
    return this.names.map((name) => {
      const { data, shape } = this.#all.get(`input.grad.step${step}.${name}`)!;
      return tensor(data, [...shape]);
    });
  }

  weightDecays(decay: number): number[] {
    return this.names.map((name) => (noDecay.includes(name) ? 0 : decay));
  }

  /** The largest error of `values` against the stored tensors of this prefix. */
  error(values: readonly Tensor[], prefix: string): number {
    return Math.max(...this.names.map((name, i) =>
      relativeError(values[i]!.dataSync(), this.#all.get(`output.${prefix}.${name}`)!.data)));
  }
}

describe('five steps as torch and timm take them', () => {
  const once = () => [1, 1, 1, 1, 1];

  it.each([['adamW', adamW, movingAverage], ['adamWComposed', adamWComposed, movingAverageComposed]])(
    '%s, with its moving average', async (_name, update, average) => {
      const problem = new Problem(await readReference('optimizers'));
      const state = { parameters: problem.parameters, firstMoments: problem.zeros(), secondMoments: problem.zeros() };
      const averages = problem.parameters.map((parameter) => variable(tensor(parameter.dataSync(), parameter.shape)));
      for (const [step, rate] of learningRates.entries()) {
        update(state, problem.gradients(step), {
          step: scalar(step + 1),
          learningRate: scalar(rate),
          learningRateScales: once(),
          weightDecays: problem.weightDecays(0.05),
        });
        average(averages, problem.parameters, 0.9);
        expect(problem.error(problem.parameters, `adamw.step${step}`)).toBeLessThan(tolerance);
        expect(problem.error(averages, `adamw.ema${step}`)).toBeLessThan(tolerance);
      }
    });

  it.each([['clipGradientNorm', clipGradientNorm], ['clipGradientNormComposed', clipGradientNormComposed]])(
    'adamW after %s', async (_name, clip) => {
      const all = await readReference('optimizers');
      const problem = new Problem(all);
      const state = { parameters: problem.parameters, firstMoments: problem.zeros(), secondMoments: problem.zeros() };
      for (const [step, rate] of learningRates.entries()) {
        const gradients = problem.gradients(step);
        const { scale, norm } = clip(gradients, 1);
        adamW(state, gradients, {
          step: scalar(step + 1),
          learningRate: scalar(rate),
          learningRateScales: once(),
          weightDecays: problem.weightDecays(0.05),
          gradientScale: scale,
        });
        expect(relativeError(norm.dataSync(), all.get(`output.adamw_clip.norm${step}`)!.data)).toBeLessThan(tolerance);
        expect(problem.error(problem.parameters, `adamw_clip.step${step}`)).toBeLessThan(tolerance);
      }
    });

  it.each([
    ['sgd', sgd, true], ['sgd', sgd, false], ['sgdComposed', sgdComposed, true], ['sgdComposed', sgdComposed, false],
  ] as const)('%s (%#), nesterov %s', async (_name, update, nesterov) => {
    const problem = new Problem(await readReference('optimizers'));
    const state = { parameters: problem.parameters, momenta: problem.zeros() };
    for (const [step, rate] of learningRates.entries()) {
      update(state, problem.gradients(step), {
        learningRate: scalar(rate),
        learningRateScales: once(),
        weightDecays: problem.weightDecays(5e-4),
        momentum: 0.9,
        nesterov,
      });
      expect(problem.error(problem.parameters, `${nesterov ? 'sgd' : 'sgd_plain'}.step${step}`)).toBeLessThan(tolerance);
    }
  });
});

describe('adamW', () => {
  const state = (values: number[]) => ({
    parameters: [variable(tensor(values))],
    firstMoments: [variable(tensor(values.map(() => 0)))],
    secondMoments: [variable(tensor(values.map(() => 0)))],
  });
  const options = () => ({ step: scalar(1), learningRate: scalar(0.1), weightDecays: [0] });

  it('moves a parameter by its own share of the learning rate', () => {
    const whole = state([1]);
    const half = state([1]);
    adamW(whole, [tensor([3])], { ...options(), learningRateScales: [1] });
    adamW(half, [tensor([3])], { ...options(), learningRateScales: [0.5] });
    // The first step is the learning rate, whatever the gradient's size.
    expect(whole.parameters[0]!.dataSync()[0]).toBeCloseTo(0.9, 6);
    expect(half.parameters[0]!.dataSync()[0]).toBeCloseTo(0.95, 6);
  });

  it('names the list and the tensor that do not fit', () => {
    expect(() => { adamW(state([1, 2]), [tensor([1])], { ...options(), learningRateScales: [1] }); })
      .toThrow('adamW: expected shape [2] for gradients[0], got [1]');
    expect(() => { adamW(state([1, 2]), [], { ...options(), learningRateScales: [1] }); })
      .toThrow('adamW: expected 1 tensors for gradients, as for parameters, got 0');
  });

  it('reaches every element of large and small tensors', () => {
    const sizes = [1, 40_000, 3, 70_001];
    const many = {
      parameters: sizes.map((size) => variable(tensor(new Float32Array(size)))),
      firstMoments: sizes.map((size) => variable(tensor(new Float32Array(size)))),
      secondMoments: sizes.map((size) => variable(tensor(new Float32Array(size)))),
    };
    adamW(many, sizes.map((size) => tensor(new Float32Array(size).fill(2))), {
      step: scalar(1), learningRate: scalar(0.5), learningRateScales: sizes.map(() => 1), weightDecays: sizes.map(() => 0),
    });
    for (const parameter of many.parameters) {
      expect(parameter.dataSync().every((value) => Math.abs(value + 0.5) < 1e-6)).toBe(true);
    }
  });
});

it('clipGradientNorm leaves a small gradient alone and says when one is not finite', () => {
  const small = clipGradientNorm([tensor([0.3]), tensor([[0.4]])], 1);
  expect(small.scale.dataSync()[0]).toBe(1);
  expect(small.norm.dataSync()[0]).toBeCloseTo(0.5, 6);
  expect(clipGradientNorm([tensor([NaN, 1])], 1).norm.dataSync()[0]).toBeNaN();
});

it('accumulate adds gradients up and clear starts again', () => {
  const sums = [variable(tensor([1, 2])), variable(tensor([[3]]))];
  accumulate(sums, [tensor([10, 20]), tensor([[30]])]);
  accumulate(sums, [tensor([100, 200]), tensor([[300]])]);
  expect(sums.map((sum) => Array.from(sum.dataSync()))).toEqual([[111, 222], [333]]);
  clear(sums);
  expect(sums.map((sum) => Array.from(sum.dataSync()))).toEqual([[0, 0], [0]]);
});
