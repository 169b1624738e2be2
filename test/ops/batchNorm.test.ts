import { add, memory, mul, ones, sum, tensor, tensor1d, tensor2d, tidy, variable, variableGrads, zeros } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { batchNorm, batchNormComposed, type BatchNormOptions } from '../../src/ops/batchNorm.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { imageErrors } from './imageReference.ts';

beforeAll(() => selectBackend());

const rng = new Rng(5);
const statistics = (mean: number[], variance: number[]) =>
  ({ runningMean: variable(tensor1d(mean)), runningVar: variable(tensor1d(variance)), batches: variable(tensor(3)) });

describe.each([['batchNorm', batchNorm], ['batchNormComposed', batchNormComposed]])('%s', (_name, run) => {
  const gamma = () => tensor1d([1, 2]);
  const beta = () => tensor1d([0, 10]);
  // Columns of mean 2 and 30, biased variance 2 / 3 and 200 / 3.
  const x = () => tensor2d([[1, 40], [2, 20], [3, 30]]);

  it('normalises with the batch in training, and moves the running statistics', () => {
    const state = statistics([10, 0], [1, 100]);
    const y = run(x(), { gamma: gamma(), beta: beta(), ...state }, { training: true, momentum: 0.25, eps: 0 });
    const deviation = 1.2247449; // √(3 / 2)
    [-deviation, 10 + 2 * deviation, 0, 10 - 2 * deviation, deviation, 10].forEach((expected, i) =>
      expect(y.dataSync()[i]).toBeCloseTo(expected, 4));
    expect([...state.runningMean.dataSync()]).toEqual([8, 7.5]);
    expect([...state.runningVar.dataSync()]).toEqual([1, 100]); // unbiased they are 1 and 100
    expect(state.batches.dataSync()[0]).toBe(4);
  });

  it('normalises with the running statistics else, and leaves them', () => {
    const state = statistics([1, 20], [3, 99]);
    const y = run(x(), { gamma: gamma(), beta: beta(), ...state }, { training: false, eps: 1 });
    expect([...y.dataSync()]).toEqual([0, 14, 0.5, 10, 1, 12]);
    const after = [state.runningMean, state.runningVar, state.batches].flatMap((one) => [...one.dataSync()]);
    expect(after).toEqual([1, 20, 3, 99, 3]);
  });

  it.each([[true, false], [true, true], [false, false], [false, true]])(
    'has the gradient of finite differences (training %s, relu %s)',
    (training, relu) => {
      const inputs = [randomTensor(rng, [2, 3, 5, 4]), randomTensor(rng, [4]), randomTensor(rng, [4], 3)];
      const f = (...[x, gamma, beta]: Tensor[]) =>
        run(x!, { gamma: gamma!, beta: beta!, ...statistics([0, 1, 0, -1], [1, 2, 3, 0.5]) }, { training, relu });
      expect(Math.max(...gradientErrors(f, inputs, 1e-3))).toBeLessThan(2e-3);
    });
});

describe('batchNorm', () => {
  it('has a gradient that sums to zero over few values that lie close together, where a rounded mean would show', () => {
    const [x, gamma, beta] = [add(mul(randomTensor(rng, [2, 64]), 0.02), 3), ones([64]), zeros([64])];
    const f = (...[x, gamma, beta]: Tensor[]) => batchNorm(x!, { gamma: gamma!, beta: beta!, ...few() }, { training: true });
    const few = () => statistics(Array.from({ length: 64 }, () => 0), Array.from({ length: 64 }, () => 1));
    const [, dx] = outputAndGradients(f, [x, gamma, beta]);
    const largest = Math.max(...dx!.map(Math.abs));
    const sums = Array.from({ length: 64 }, (_, c) => Math.abs(dx![c]! + dx![64 + c]!));
    expect(Math.max(...sums) / largest).toBeLessThan(2e-6);
  });

  const on = (run: typeof batchNorm, options: BatchNormOptions) => (...[x, gamma, beta]: Tensor[]) =>
    run(x!, { gamma: gamma!, beta: beta!, ...many() }, options);
  const many = () => statistics(Array.from({ length: 17 }, () => 0.5), Array.from({ length: 17 }, () => 2));

  it.each([[true, false], [true, true], [false, false], [false, true]])(
    'equals the composed one, gradients too (training %s, relu %s)',
    (training, relu) => {
      const inputs = [add(randomTensor(rng, [2, 23, 19, 17], 2), 1), randomTensor(rng, [17]), randomTensor(rng, [17])];
      const composed = outputAndGradients(on(batchNormComposed, { training, relu }), inputs);
      outputAndGradients(on(batchNorm, { training, relu }), inputs).forEach((values, i) =>
        expect(relativeError(values, composed[i]!)).toBeLessThan(1e-5));
    });

  const stored = [['bn_train', true], ['bn_eval', false]] as const;
  it.each(stored)('matches torch: %s', async (name, training) => {
    const stored = await readReference('image_ops');
    const state = () => ({
      runningMean: variable(tensor1d(stored.get('input.bn.running_mean')!.data)),
      runningVar: variable(tensor1d(stored.get('input.bn.running_var')!.data)),
    });
    const parameter = (name: string) => tensor1d(stored.get(`input.bn.${name}`)!.data);
    let last = state();
    const errors = await imageErrors(name, (...[x, gamma, beta]) => {
      last = state();
      return batchNorm(x!, { gamma: gamma ?? parameter('weight'), beta: beta ?? parameter('bias'), ...last }, { training });
    }, training ? ['weight', 'bias'] : [], 'bn');
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-5);
    if (!training) return;
    for (const [key, variable] of [['running_mean', last.runningMean], ['running_var', last.runningVar]] as const) {
      expect(relativeError(await variable.data(), stored.get(`output.bn_train.${key}`)!.data)).toBeLessThan(1e-6);
    }
  });

  it('moves the running statistics in every run of a compiled step, to the same bits', async () => {
    const train = async (compile: boolean): Promise<number[]> => {
      const state = statistics([0, 0], [1, 1]);
      const gamma = variable(ones([2])), beta = variable(zeros([2]));
      const body = (x: Tensor): Tensor[] => {
        const loss = (): Scalar => sum(mul(batchNorm(x, { gamma, beta, ...state }, { training: true, relu: true }), x));
        const { value, grads } = variableGrads(loss, [gamma, beta]);
        return [value, grads[gamma.name]!, grads[beta.name]!];
      };
      const step = new CompiledStep(body);
      const seen: number[] = [];
      for (let i = 0; i < 3; i++) {
        const x = randomTensor(new Rng(i), [2, 4, 4, 2]);
        const results = compile ? await step.run([x]) : tidy(() => body(x));
        seen.push(...results.flatMap((result) => [...result.dataSync()]));
      }
      return [...seen, ...state.runningMean.dataSync(), ...state.runningVar.dataSync(), ...state.batches.dataSync()];
    };
    const eager = await train(false);
    expect(eager.at(-1)).toBe(6);
    expect(await train(true)).toEqual(eager);
  });

  it('leaves no tensor behind', () => {
    const state = { gamma: variable(ones([2])), beta: variable(zeros([2])), ...statistics([0, 0], [1, 1]) };
    const x = randomTensor(rng, [3, 2]);
    const before = memory().numTensors;
    for (let i = 0; i < 3; i++) batchNorm(x, state, { training: true }).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names the parameter that is wrong', () => {
    const state = { gamma: ones([2]), beta: zeros([3]), ...statistics([0, 0], [1, 1]) };
    expect(() => batchNorm(ones([4, 2]), state, { training: true })).toThrow(new ShapeError('batchNorm: expected shape [2] for beta, got [3]'));
    expect(() => batchNorm(ones([1, 1, 1, 2]), { ...state, beta: zeros([2]) }, { training: true })).toThrow(
      new ShapeError('batchNorm: expected more than one value per channel in training for x, got shape [1, 1, 1, 2]'));
  });
});
