import { dispose, memory, mul, scalar, sum, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClassifierOptions } from '../../src/backbones/createClassifier.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { Optimizer, type OptimizerOptions } from '../../src/engine/optimizer.ts';
import { TrainingStep, type PassResult, type TrainingStepOptions } from '../../src/engine/trainingStep.ts';
import { WeightAverage } from '../../src/engine/weightAverage.ts';
import { ConfigError } from '../../src/errors.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { hashKey } from '../../src/random/rng.ts';
import type { ClassificationTask } from '../../src/tasks/classification.ts';
import { LineTask } from './lineTask.ts';
import { firstBatch, tinyClassification, tinyDeiT, tinyViTLite } from '../tasks/tinyClassification.ts';

beforeAll(() => selectBackend({ threads: 1 }));
afterEach(() => { vi.restoreAllMocks(); });

interface Recipe {
  readonly compile: boolean;
  readonly optimizer?: OptimizerOptions;
  readonly accumulationSteps?: number;
  readonly clipGradNorm?: number | 'none';
  readonly batchSize?: number;
}

const adamW: OptimizerOptions = { kind: 'adamw', lr: 1e-2, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectors' };

/** Trains a tiny model and reads back its weights, their average and what each pass said. */
async function trained(model: ClassifierOptions, passes: number, recipe: Recipe) {
  const { compile, optimizer: options = adamW, accumulationSteps = 1, clipGradNorm = 'none', batchSize = 6 } = recipe;
  const task = tinyClassification(model, { batchSize });
  const parameters = task.model.namedParameters();
  const average = await WeightAverage.of(parameters, 0.9);
  const optimizer = new Optimizer(parameters, options);
  const loss = (inputs: readonly Tensor[]) => task.loss(inputs);
  const step = new TrainingStep({ parameters, loss, optimizer, average, accumulationSteps, clipGradNorm, compile });
  const results: PassResult[] = [];
  for await (const batch of batches(task)) {
    const update = Math.floor(results.length / accumulationSteps) + 1;
    const inputs = task.upload(batch);
    const isUpdate = results.length % accumulationSteps === accumulationSteps - 1;
    results.push(await step.run(inputs, { isUpdate, learningRate: 1e-2 / update, update, seed: hashKey(7, results.length) }));
    dispose(inputs);
    if (results.length === passes) break;
  }
  const weights = await task.model.state();
  const averages = await average.state();
  for (const held of [step, optimizer, average, task.model]) held.dispose();
  await task.close();
  return { weights, averages, results };
}

async function* batches(task: ClassificationTask) {
  for (let epoch = 0; ; epoch++) yield* task.training.epoch(epoch);
}

describe('TrainingStep', () => {
  it.each([
    ['ViT-Lite', tinyViTLite, { clipGradNorm: 0.5 }],
    ['DeiT', tinyDeiT, { accumulationSteps: 2, clipGradNorm: 1 }],
    ['DeiT with SGD', tinyDeiT, { optimizer: { kind: 'sgd', lr: 0.1, weightDecay: 0.01, momentum: 0.9, nesterov: true, noDecay: 'none' } as const }],
  ])('gives the same weights, bit for bit, compiled and eager: %s with dropPath, 20 steps', async (_, model, recipe) => {
    const compiled = await trained(model, 20, { ...recipe, compile: true });
    const eager = await trained(model, 20, { ...recipe, compile: false });
    expect(compiled.results).toEqual(eager.results);
    expect(compiled.weights).toEqual(eager.weights);
    expect(compiled.averages).toEqual(eager.averages);
    expect(compiled.averages).not.toEqual(compiled.weights);
    const still = await trained({ ...model, dropPath: 0 }, 20, { ...recipe, compile: true });
    expect(still.weights).not.toEqual(compiled.weights);
  });

  it('gives the same weights from the same seed', async () => {
    const once = await trained(tinyViTLite, 8, { compile: true });
    const again = await trained(tinyViTLite, 8, { compile: true });
    expect(again.weights).toEqual(once.weights);
    expect(again.results).toEqual(once.results);
  });

  it('makes of several batches what one batch of all their pictures makes', async () => {
    const model = { ...tinyViTLite, dropPath: 0 };
    // With plain gradient descent the difference stays at rounding.
    const optimizer: OptimizerOptions = { kind: 'sgd', lr: 1, weightDecay: 0, momentum: 0, nesterov: false, noDecay: 'none' };
    const parts = await trained(model, 4, { compile: true, optimizer, accumulationSteps: 2, clipGradNorm: 0.1, batchSize: 6 });
    const whole = await trained(model, 2, { compile: true, optimizer, clipGradNorm: 0.1, batchSize: 12 });
    let furthest = 0;
    for (const [name, { data }] of whole.weights) {
      const other = parts.weights.get(name)!.data;
      data.forEach((value, i) => { furthest = Math.max(furthest, Math.abs(Number(value) - Number(other[i]))); });
    }
    expect(furthest).toBeLessThan(1e-6);
    expect(parts.results[1]!.gradientNorm).toBeCloseTo(whole.results[0]!.gradientNorm!, 5);
    expect(parts.results[0]!.gradientNorm).toBeUndefined();
    const mean = (parts.results[0]!.losses['loss']! + parts.results[1]!.losses['loss']!) / 2;
    expect(mean).toBeCloseTo(whole.results[0]!.losses['loss']!, 5);
  });

  it('names the parts of a loss', async () => {
    const task = tinyClassification();
    const parameters = task.model.namedParameters();
    const optimizer = new Optimizer(parameters, adamW);
    for (const compile of [true, false]) {
      const step = new TrainingStep({
        parameters,
        loss: (inputs) => {
          const { total } = task.loss(inputs);
          return { total, parts: { same: total, half: mul(total, 0.5) } };
        },
        optimizer,
        accumulationSteps: 1,
        clipGradNorm: 1,
        compile,
      });
      const inputs = task.upload(await firstBatch(task));
      const { losses, gradientNorm } = await step.run(inputs, { isUpdate: true, learningRate: 0, update: 1, seed: 0 });
      expect(Object.keys(losses)).toEqual(['loss', 'same', 'half']);
      expect(losses['same']).toBe(losses['loss']);
      expect(losses['half']! * 2).toBeCloseTo(losses['loss']!, 6);
      expect(gradientNorm).toBeGreaterThan(0);
    }
    await task.close();
  });

  it('names a parameter that the loss does not depend on', async () => {
    const task = tinyClassification();
    const parameters = task.model.namedParameters();
    const step = new TrainingStep({
      parameters,
      loss: () => ({ total: sum(parameters.get('head.weight')!.value), parts: {} }),
      optimizer: new Optimizer(parameters, adamW),
      accumulationSteps: 1,
      clipGradNorm: 'none',
      compile: false,
    });
    const run = step.run([scalar(0)], { isUpdate: true, learningRate: 0, update: 1, seed: 0 });
    await expect(run).rejects.toThrow(ConfigError);
    await expect(run).rejects.toThrow('got one that leaves out pos_embed');
    await task.close();
  });

  it('leaves no tensor behind', async () => {
    const before = memory().numTensors;
    await trained(tinyDeiT, 4, { compile: true, accumulationSteps: 2, clipGradNorm: 1 });
    await trained(tinyDeiT, 4, { compile: false, accumulationSteps: 2, clipGradNorm: 1 });
    expect(memory().numTensors).toBe(before);
  });

  describe('of a small task', () => {
    const stepOf = (more: Partial<TrainingStepOptions>) => {
      const task = new LineTask();
      const parameters = task.model.namedParameters();
      const optimizer = new Optimizer(parameters, { ...adamW, kind: 'sgd', momentum: 0, nesterov: false });
      const before = memory().numTensors;
      const loss = (inputs: readonly Tensor[]) => task.loss(inputs);
      const step = new TrainingStep({ parameters, loss, optimizer, accumulationSteps: 1, clipGradNorm: 'none', compile: true, ...more });
      return { step, held: memory().numTensors - before };
    };
    const inputs = [{ shape: [2], dtype: 'float32' }, { shape: [2], dtype: 'float32' }] as const;

    it('keeps sums of gradients only where several batches make an update', () => {
      expect(stepOf({}).held).toBe(2); // learning rate, number of the update
      expect(stepOf({ accumulationSteps: 2 }).held).toBe(3);
    });

    it('runs compiled or not, as it is told, and frees its programs', async () => {
      const run = vi.spyOn(CompiledStep.prototype, 'run');
      const dispose = vi.spyOn(CompiledStep.prototype, 'dispose');
      for (const [compile, runs] of [[false, 0], [true, 1]] as const) {
        const { step } = stepOf({ compile });
        const batch = [tensor1d([1, 2]), tensor1d([3, 6])];
        const { losses } = await step.run(batch, { isUpdate: true, learningRate: 0, update: 1, seed: 0 });
        expect(losses).toEqual({ loss: 10 }); // (4 + 16) / 2
        expect(run).toHaveBeenCalledTimes(runs);
        step.dispose();
      }
      expect(dispose).toHaveBeenCalledTimes(4);
    });

    it('takes as much memory as the greater of its two passes', () => {
      const peak = vi.spyOn(CompiledStep.prototype, 'peakBytes');
      for (const [first, second] of [[5, 7], [7, 5]] as const) {
        peak.mockReturnValueOnce(first).mockReturnValueOnce(second);
        expect(stepOf({ accumulationSteps: 2 }).step.peakBytes(inputs)).toBe(7);
      }
      peak.mockClear();
      peak.mockReturnValueOnce(5);
      expect(stepOf({}).step.peakBytes(inputs)).toBe(5);
      expect(peak).toHaveBeenCalledTimes(1);
    });

    it('names a parameter where the loss depends on none', async () => {
      const { step } = stepOf({ compile: false, loss: ([x]) => ({ total: sum(x!), parts: {} }) });
      const run = step.run([tensor1d([1, 2])], { isUpdate: true, learningRate: 0, update: 1, seed: 0 });
      await expect(run).rejects.toThrow('got one that leaves out weight');
    });

    it('tells no peak of a pass that cannot be compiled, where it need not be', () => {
      const fails = (error: Error, compile: boolean) => {
        vi.spyOn(CompiledStep.prototype, 'peakBytes').mockImplementationOnce(() => { throw error; });
        return stepOf({ compile }).step.peakBytes(inputs);
      };
      expect(fails(new ConfigError('untraced'), false)).toBe(0);
      expect(() => fails(new ConfigError('untraced'), true)).toThrow('untraced');
      expect(() => fails(new Error('out of memory'), false)).toThrow('out of memory');
    });
  });
});
