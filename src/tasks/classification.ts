// Image classification: a classifier, labelled pictures, cross entropy with label smoothing.

import { tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Classifier } from '../backbones/classifier.ts';
import type { ClassificationDataset } from '../data/dataset.ts';
import { ImageLoader, type ImageBatch } from '../data/loader.ts';
import { ConfigError, DataError } from '../errors.ts';
import type { StepInput } from '../ops/compileStep.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages } from '../ops/normalizeImages.ts';
import { expectLabels, expectPictureSize, type ClassificationEvaluator, type PictureView } from './classificationEvaluator.ts';
import { expectSeveralClasses } from './severalClasses.ts';
import type { Loss, Task, TaskMetadata } from './task.ts';

/** What is trained, on which pictures. */
export interface ClassificationOptions {
  /** With values. */
  readonly model: Classifier;
  /** Training pictures. */
  readonly data: ClassificationDataset;
  /** Of the same model, on data of the same classes. */
  readonly evaluator: ClassificationEvaluator;
  /** With its random transforms. */
  readonly view: PictureView;
  /** Pictures of one forward and backward pass. */
  readonly batchSize: number;
  /** In [0, 1). */
  readonly labelSmoothing: number;
  /** Of the order and of random transforms. */
  readonly seed: number;
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  readonly workers?: number;
}

/** Trains a classifier with cross-entropy. */
export class ClassificationTask implements Task<ImageBatch> {
  /** With values. */
  readonly model: Classifier;
  readonly training: ImageLoader;
  readonly evaluator: ClassificationEvaluator;
  /** Class names and the evaluator's measure. */
  readonly metadata: TaskMetadata;
  readonly #options: ClassificationOptions;

  /**
   * @throws DataError when the labels do not fit the model or the evaluator's data; ConfigError when the pictures do not fit the
   *   model, or the options of the loader are out of range
   */
  constructor(options: ClassificationOptions) {
    const { model, data, evaluator, view, batchSize, seed, workers } = options;
    expectSeveralClasses('ClassificationTask', model.classes);
    expectLabels(model, data);
    expectSameClassNames(data.classNames, evaluator.classNames);
    if (batchSize > data.size) {
      throw new ConfigError(`ClassificationTask: expected at most the ${data.size} training images for batchSize, got ${batchSize}`);
    }
    this.model = model;
    this.evaluator = evaluator;
    this.metadata = { classNames: data.classNames, measure: evaluator.measure };
    this.training = new ImageLoader(data, {
      transforms: view.transforms, batchSize, seed, shuffle: true, dropLast: true, ...(workers !== undefined && { workers }),
    });
    expectPictureSize(model, this.training.sizePx, 'train');
    this.#options = options;
  }

  get batchSize(): number {
    return this.#options.batchSize;
  }

  inputs(pictures: number): readonly StepInput[] {
    const { sizePx } = this.training;
    return [{ shape: [pictures, sizePx, sizePx, 3], dtype: 'bytes' }, { shape: [pictures], dtype: 'int32' }];
  }

  /** [B, H, W, 3] bytes and labels [B], int32. */
  upload({ images, labels, size, sizePx }: ImageBatch): Tensor[] {
    return [imageTensor(images, [size, sizePx, sizePx, 3]), tensor1d(labels, 'int32')];
  }

  loss([images, labels]: readonly Tensor[]): Loss {
    const { labelSmoothing, view: { mean, std } } = this.#options;
    const logits = this.model.forward(normalizeImages(images!, mean, std), { training: true }); // [B, K]
    return { total: crossEntropy(logits, labels!, { labelSmoothing }), parts: {} };
  }

  size({ size }: ImageBatch): number {
    return size;
  }

  describe({ indices }: ImageBatch): string[] {
    return Array.from(indices, (index) => this.#options.data.describe(index));
  }

  async close(): Promise<void> {
    await Promise.all([this.training.close(), this.evaluator.close()]);
  }
}

/** @throws DataError naming the first class that differs */
export function expectSameClassNames(training: readonly string[], validation: readonly string[]): void {
  const first = training.findIndex((name, label) => validation[label] !== name);
  if (first < 0 && validation.length === training.length) return;
  const label = first >= 0 ? first : training.length;
  throw new DataError(`ClassificationTask: expected the training data's classes in the validation data, got ${named(validation[label])} for class ${label} instead of ${named(training[label])}`);
}

function named(name: string | undefined): string {
  return name === undefined ? 'none' : `'${name}'`;
}
