import { add, engine, matMul, memory, mul, relu, reshape, sum, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { dropPathScale } from '../../src/ops/dropPath.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { recompute } from '../../src/ops/recompute.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from './gradientCheck.ts';

let weights: Variable[];
beforeAll(async () => {
  await selectBackend();
  const rng = new Rng(1);
  weights = Array.from({ length: 4 }, () => variable(randomTensor(rng, [8, 8])));
});

/** Four layers, x + scale · relu(x w), each run again in the backward pass or not: the loss, the gradients of x and weights. */
function pass(x: Tensor, again: boolean): Tensor[] {
  const { value, grads } = engine().gradients(() => {
    let y = x;
    for (const weight of weights) {
      const scale = reshape(dropPathScale(8, 0.5, true)!, [8, 1]);
      const layer = ([input]: readonly Tensor[], [factor]: readonly Tensor[]) =>
        add(input!, mul(relu(matMul(input!, weight)), factor!));
      y = again ?
        recompute({ inputs: [y], constants: [scale], parameters: [weight] }, layer) :
        layer([y], [scale]);
    }
    return sum(mul(y, y));
  }, [x, ...weights]);
  return [value, ...grads];
}

const numbers = (tensors: readonly Tensor[]) => tensors.map((one) => Array.from(one.dataSync()));

describe('recompute', () => {
  it('gives zeros for a parameter that the part does not use', () => {
    const x = randomTensor(new Rng(2), [8, 8]);
    const part = ([input]: readonly Tensor[]) => mul(input!, 2);
    const run = () => sum(recompute({ inputs: [x], parameters: [weights[0]!] }, part));
    const { grads } = tidy(() => engine().gradients(run, [x, weights[0]!]));
    expect(new Set(grads[0]!.dataSync())).toEqual(new Set([2]));
    expect(new Set(grads[1]!.dataSync())).toEqual(new Set([0]));
  });

  it('gives the loss and gradients of the part itself, bit for bit, random draws included', () => {
    const x = randomTensor(new Rng(2), [8, 8]);
    const [plain, again] = [false, true].map((how) => {
      seedGenerator(5);
      return tidy(() => numbers(pass(x, how)));
    });
    expect(again).toEqual(plain);
    expect(new Set(plain!.flat()).size).toBeGreaterThan(100); // not all dropped
  });

  it('does so in a compiled step', () => {
    const x = randomTensor(new Rng(3), [8, 8]);
    seedGenerator(6);
    const plain = tidy(() => numbers(pass(x, false)));
    const step = new CompiledStep((input) => pass(input, true));
    seedGenerator(6);
    expect(numbers(step.runSync([x]))).toEqual(plain);
    step.dispose();
  });

  it('runs the part once forward and once backward, and not again without a gradient', () => {
    let runs = 0;
    const part = ([input]: readonly Tensor[]) => {
      runs++;
      return mul(input!, input!);
    };
    const x = tensor([1, 2, 3]);
    tidy(() => recompute({ inputs: [x], parameters: [] }, part));
    expect(runs).toBe(1);
    const { grads } = engine().gradients(() => sum(recompute({ inputs: [x], parameters: [] }, part)), [x]);
    expect(numbers(grads)).toEqual([[2, 4, 6]]);
    expect(runs).toBe(3);
  });

  it('gives zeros for what the part does not read', () => {
    const [x, unused] = [tensor([1, 2]), tensor([5])];
    const { grads } = engine().gradients(
      () => sum(recompute({ inputs: [x, unused], parameters: [] }, ([input]) => mul(input!, 3))), [x, unused]);
    expect(numbers(grads)).toEqual([[3, 3], [0]]);
  });

  it('leaves no tensors behind', () => {
    const x = randomTensor(new Rng(4), [8, 8]);
    const count = () => memory().numTensors;
    tidy(() => void pass(x, true));
    const before = count();
    tidy(() => void pass(x, true));
    expect(count()).toBe(before);
  });
});
