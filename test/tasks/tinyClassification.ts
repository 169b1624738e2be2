// A classification task that trains in milliseconds a step, for tests of the engine.

import { createClassifier, type ClassifierOptions } from '../../src/backbones/createClassifier.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import type { ClassificationDataset } from '../../src/data/dataset.ts';
import type { ImageBatch } from '../../src/data/loader.ts';
import type { ImageTransform } from '../../src/data/transforms/imageTransform.ts';
import { ClassificationTask } from '../../src/tasks/classification.ts';
import { ClassificationEvaluator } from '../../src/tasks/classificationEvaluator.ts';
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

export interface TinyOptions {
  readonly training?: ClassificationDataset;
  readonly validation?: ClassificationDataset;
  readonly train?: readonly ImageTransform[];
  readonly eval?: readonly ImageTransform[];
  readonly batchSize?: number;
  readonly workers?: number;
  /** Default: `workers`. */
  readonly evaluatorWorkers?: number;
}

/** A task on `coloursDataset`, its model with the initial values of seed 0. */
export function tinyClassification(
  model: ClassifierOptions = tinyViTLite,
  options: TinyOptions = {},
): ClassificationTask {
  const {
    training = coloursDataset(24),
    validation = coloursDataset(10, { seed: 2 }),
    train = [{ kind: 'padAndCrop', sizePx: 8, paddingPx: 1 }, { kind: 'horizontalFlip', probability: 0.5 }],
    eval: evaluated = [{ kind: 'resizeAndCentreCrop', sizePx: 8, cropRatio: 1, interpolation: 'bilinear' }],
    batchSize = 6,
    workers = 0,
    evaluatorWorkers = workers,
  } = options;
  const classifier = createClassifier(model);
  classifier.initialise(0);
  const values = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
  const view = { ...values, transforms: evaluated };
  return new ClassificationTask({
    model: classifier,
    data: training,
    evaluator: new ClassificationEvaluator({
      model: classifier, data: validation, view, batchSize, seed: 0, workers: evaluatorWorkers,
    }),
    view: { ...values, transforms: train },
    batchSize,
    labelSmoothing: 0.1,
    seed: 0,
    workers,
  });
}
