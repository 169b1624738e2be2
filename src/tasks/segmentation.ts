// Semantic segmentation: a model with a class for each pixel, photos with their maps, the heads' losses.

import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SegmentationAugmentation } from '../data/segmentation/augmentation.ts';
import type { SegmentationFolder } from '../data/segmentation/segmentationFolder.ts';
import { SegmentationLoader, type SegmentationBatch } from '../data/segmentation/segmentationLoader.ts';
import { ConfigError } from '../errors.ts';
import { ignoredLabel, type UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import type { StepInput } from '../ops/compileStep.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages, type Rgb } from '../ops/normalizeImages.ts';
import { expectClasses, type SegmentationEvaluator } from './segmentationEvaluator.ts';
import { expectSeveralClasses } from './severalClasses.ts';
import type { Loss, Task, TaskMetadata } from './task.ts';

/** What is trained, on which photos. */
export interface SegmentationOptions {
  /** With values. */
  readonly model: UpernetSegmentor;
  /** Training photos. */
  readonly data: SegmentationFolder;
  /** Of the same model. */
  readonly evaluator: SegmentationEvaluator;
  /** Done to each sample. */
  readonly augmentation: SegmentationAugmentation;
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  /** Of values scaled to [0, 1]. */
  readonly std: Rgb;
  /** Pictures of one forward and backward pass. */
  readonly batchSize: number;
  /** Of the order and of what is drawn. */
  readonly seed: number;
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  readonly workers?: number;
}

/** Trains a segmentation model with cross-entropy per pixel. */
export class SegmentationTask implements Task<SegmentationBatch> {
  /** With values. */
  readonly model: UpernetSegmentor;
  readonly training: SegmentationLoader;
  readonly evaluator: SegmentationEvaluator;
  /** Class names and the evaluator's measure. */
  readonly metadata: TaskMetadata;
  /** See Task. */
  readonly labelAdvice = 'look at the values of the label images and at ignoreValues and reduceZeroLabel of the config';
  readonly #options: SegmentationOptions;

  /** @throws DataError when the classes do not fit the model; ConfigError for loader options that cannot be */
  constructor(options: SegmentationOptions) {
    const { model, data, evaluator, augmentation, batchSize, seed, workers } = options;
    expectSeveralClasses('SegmentationTask', model.classes);
    expectClasses(model, data);
    if (batchSize > data.size) {
      throw new ConfigError(`SegmentationTask: expected at most the ${data.size} training photos for batchSize, got ${batchSize}`);
    }
    this.model = model;
    this.evaluator = evaluator;
    this.metadata = { classNames: data.classes.names, measure: evaluator.measure };
    const loading = { augmentation, batchSize, seed, ...(workers !== undefined && { workers }) };
    this.training = new SegmentationLoader(data, { ...loading, shuffle: true, dropLast: true });
    this.#options = options;
  }

  get batchSize(): number {
    return this.#options.batchSize;
  }

  inputs(pictures: number): readonly StepInput[] {
    const { height, width } = this.training.crop;
    return [{ shape: [pictures, height, width, 3], dtype: 'bytes' }, { shape: [pictures, height, width], dtype: 'int32' }];
  }

  /** [B, H, W, 3] bytes and classes [B, H, W], int32. */
  upload({ images, maps, size, crop: { height, width } }: SegmentationBatch): Tensor[] {
    return [imageTensor(images, [size, height, width, 3]), tensor(Int32Array.from(maps), [size, height, width], 'int32')];
  }

  loss([images, maps]: readonly Tensor[]): Loss {
    const { mean, std } = this.#options;
    const { total, parts } = this.model.loss(normalizeImages(images!, mean, std), maps!);
    return { total, parts: { ...parts } };
  }

  size({ size }: SegmentationBatch): number {
    return size;
  }

  describe({ indices }: SegmentationBatch): string[] {
    return Array.from(indices, (index) => this.#options.data.describe(index));
  }

  isUnlabelled({ maps }: SegmentationBatch): boolean {
    return maps.every((label) => label === ignoredLabel);
  }

  async close(): Promise<void> {
    await Promise.all([this.training.close(), this.evaluator.close()]);
  }
}
