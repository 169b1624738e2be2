// A classification task that trains in milliseconds a step, for tests of the engine.

import { createClassifier, type ClassifierOptions } from '../../src/backbones/classifier.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import type { ImageBatch } from '../../src/data/loader.ts';
import { ClassificationTask, type ClassificationOptions } from '../../src/tasks/classification.ts';
import { coloursDataset } from './coloursDataset.ts';

/** ViT-Lite of two layers. */
export const tinyViTLite: ClassifierOptions = {
  kind: 'vitLite', channels: 16, depth: 2, heads: 2, mlpRatio: 2, imagePx: 8, patchPx: 4, classes: 3, join: joinPresets.mpvg, dropPath: 0.3,
};

/** DeiT of two layers, with a class token. */
export const tinyDeiT: ClassifierOptions = {
  kind: 'deit', size: { channels: 16, depth: 2, heads: 2, mlpRatio: 4 }, imagePx: 8, patchPx: 4, classes: 3, join: joinPresets.lape,
  dropPath: 0.3,
};

/** The first batch of training. */
export async function firstBatch(task: ClassificationTask): Promise<ImageBatch> {
  for await (const batch of task.training.epoch(0)) return batch;
  throw new Error('firstBatch: expected a batch, got none');
}

/** A task on `coloursDataset`, its model with the initial values of seed 0. */
export function tinyClassification(
  model: ClassifierOptions = tinyViTLite,
  options: Partial<ClassificationOptions> = {},
): ClassificationTask {
  const classifier = createClassifier(model);
  classifier.initialise(0);
  return new ClassificationTask({
    model: classifier,
    training: coloursDataset(24),
    validation: coloursDataset(10, { seed: 2 }),
    augmentation: {
      train: [{ kind: 'padAndCrop', sizePx: 8, paddingPx: 1 }, { kind: 'horizontalFlip', probability: 0.5 }],
      eval: [{ kind: 'resizeAndCentreCrop', sizePx: 8, cropRatio: 1, interpolation: 'bilinear' }],
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    },
    batchSize: 6,
    labelSmoothing: 0.1,
    seed: 0,
    workers: 0,
    ...options,
  });
}
