import { addN, dispose, engine, square, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ViTAdapter } from '../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';
import { tinyAdapter } from './tinyAdapter.ts';

beforeAll(() => selectBackend());

/** A training pass over the adapter: the loss, and the gradient of every parameter. */
function adapter(recompute: boolean) {
  const model = new ViTAdapter({ ...tinyAdapter, windows: [3, 'global', 'global', 4], dropPath: 0.3, recompute });
  model.initialise(4);
  const rng = new Rng(1);
  for (const { injector: { gamma } } of model.interactions) {
    gamma.set(Float32Array.from({ length: gamma.size }, () => rng.normal()));
  }
  const parameters = [...model.namedParameters().values()].map(({ value }) => value);
  const pass = (images: Tensor): Tensor[] => {
    const { value, grads } = engine().gradients(
      () => addN(model.forward(images, { training: true }).map((map) => sum(square(square(map))))),
      parameters,
    );
    return [value, ...grads];
  };
  return { model, pass };
}

const numbers = (tensors: readonly Tensor[]) => tensors.map((one) => Array.from(one.dataSync()));

describe('ViTAdapter with recompute', () => {
  const images = () => randomTensor(new Rng(2), [2, 64, 96, 3]);
  const run = (recompute: boolean, compiled: boolean) => {
    const { model, pass } = adapter(recompute);
    const step = new CompiledStep((input) => pass(input));
    const given = images();
    seedGenerator(9);
    const results = compiled ? step.runSync([given]) : tidy(() => pass(given));
    const values = numbers(results);
    dispose([given, ...results]);
    step.dispose();
    const statistics = numbers([...model.namedBuffers().values()].map(({ value }) => value));
    model.dispose();
    return { values, statistics };
  };

  it('gives the same loss, gradients and running statistics, bit for bit, eager and compiled', () => {
    const plain = run(false, false);
    const reached = plain.values.filter((gradient) => gradient.some((value) => value !== 0));
    expect(reached.length).toBeGreaterThan(0.9 * plain.values.length); // dropped paths have no gradient
    expect(run(true, false)).toEqual(plain);
    expect(run(true, true)).toEqual(plain);
  });

  it('needs less memory at its peak', async () => {
    const peak = async (recompute: boolean) => {
      const { model, pass } = adapter(recompute);
      const step = new CompiledStep((input) => pass(input));
      const given = randomTensor(new Rng(2), [2, 256, 256, 3]);
      dispose(await step.run([given]));
      const before = binding().memory().bytes;
      binding().resetPeakMemory();
      dispose(await step.run([given]));
      const used = binding().memory().peakBytes - before;
      step.dispose();
      given.dispose();
      model.dispose();
      return used;
    };
    const [plain, again] = [await peak(false), await peak(true)];
    expect(again).toBeLessThan(0.8 * plain);
  });
});
