// How near the peak that a trace foretells is to the one that is measured.

import { dispose, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClassifier } from '../../src/backbones/createClassifier.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { Optimizer } from '../../src/engine/optimizer.ts';
import { setPrecision } from '../../src/engine/precision.ts';
import { TrainingStep } from '../../src/engine/trainingStep.ts';
import { createSegmentor } from '../../src/heads/upernet/createSegmentor.ts';
import type { StepInput } from '../../src/ops/compileStep.ts';
import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { imageTensor } from '../../src/ops/hostValues.ts';
import { normalizeImages } from '../../src/ops/normalizeImages.ts';
import { classification } from '../../src/recipes/classification/recipe.ts';
import { segmentation } from '../../src/recipes/segmentation/recipe.ts';

beforeAll(() => selectBackend());
afterEach(() => setPrecision('fp32'));

/** A config's model, its loss of a batch, and what that takes. */
async function subject(file: string, precision: 'fp32' | 'bf16', pictures: number) {
  const set = [`precision=${precision}`];
  setPrecision(precision);
  if (!file.includes('upernet')) {
    const config = await loadConfig(classification, file, { set });
    const { mean, std } = config.augmentation;
    const model = createClassifier({ ...config.model, classes: 100 });
    const logits = (x: Tensor) => model.forward(normalizeImages(x, mean, std), { training: true });
    const loss = ([x, y]: readonly Tensor[]) => ({ total: crossEntropy(logits(x!), y!), parts: {} });
    const inputs: StepInput[] = [{ shape: [pictures, model.imagePx, model.imagePx, 3], dtype: 'bytes' }, { shape: [pictures], dtype: 'int32' }];
    return { config, model, loss, inputs };
  }
  const config = await loadConfig(segmentation, file, { set });
  const { mean, std } = config.augmentation;
  const model = createSegmentor({ ...config.model, classes: config.data.classes === 'camvid' ? 11 : 150 });
  const { cropPx } = config.augmentation.train;
  const loss = ([x, y]: readonly Tensor[]) => ({ total: model.loss(normalizeImages(x!, mean, std), y!).total, parts: {} });
  const inputs: StepInput[] = [{ shape: [pictures, cropPx, cropPx, 3], dtype: 'bytes' }, { shape: [pictures, cropPx, cropPx], dtype: 'int32' }];
  return { config, model, loss, inputs };
}

function made({ shape, dtype }: StepInput): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return dtype === 'bytes' ? imageTensor(new Uint8Array(size).fill(100), [...shape]) : tensor(new Int32Array(size), [...shape], 'int32');
}

describe('the peak of a training step', () => {
  it.each([
    ['configs/imagenet/deit_tiny.ts', 'fp32', 32, 1],
    ['configs/imagenet/deit_tiny.ts', 'bf16', 32, 1],
    ['configs/imagenet/deit_small.ts', 'fp32', 8, 2],
    ['configs/cifar100/vit_lite_2core.ts', 'fp32', 64, 2],
    ['configs/camvid/upernet_vit_adapter_tiny_2core.ts', 'fp32', 4, 1],
    ['configs/ade20k/upernet_vit_adapter_tiny.ts', 'bf16', 2, 2],
  ] as const)('is what its trace foretells: %s, %s, %i pictures, %i passes', async (file, precision, pictures, passes) => {
    const { config, model, loss, inputs } = await subject(file, precision, pictures);
    model.initialise(0);
    const parameters = model.namedParameters();
    const optimizer = new Optimizer(parameters, config.optimizer);
    const { clipGradNorm } = config;
    const step = new TrainingStep({ parameters, loss, optimizer, accumulationSteps: passes, clipGradNorm, compile: true });
    const foretold = step.peakBytes(inputs);
    const held = binding().memory().bytes;
    binding().resetPeakMemory();
    for (let pass = 0; pass < passes; pass++) {
      const given = inputs.map(made);
      await step.run(given, { isUpdate: pass === passes - 1, learningRate: 1e-4, update: 1, seed: pass });
      dispose(given);
    }
    const measured = binding().memory().peakBytes - held;
    const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const what = `${file} ${precision}, ${pictures} pictures`;
    console.log(`${what}: foretold ${mebibytes(foretold)}, measured ${mebibytes(measured)}`);
    for (const used of [step, optimizer, model]) used.dispose();
    expect(measured / foretold).toBeGreaterThan(0.99);
    expect(measured / foretold).toBeLessThan(1.08);
  });
});
