// Semantic segmentation: a model with a class for each pixel, photos with their maps, the heads' losses, mean intersection over
// union.

import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { dataFingerprint } from '../data/dataFingerprint.ts';
import type { SegmentationAugmentation } from '../data/segmentation/augmentation.ts';
import type { SegmentationFolder } from '../data/segmentation/segmentationFolder.ts';
import { SegmentationLoader, type SegmentationBatch } from '../data/segmentation/segmentationLoader.ts';
import { TestPhotoLoader, type TestPhoto } from '../data/segmentation/testPhotoLoader.ts';
import type { TestScales } from '../data/segmentation/testPhotos.ts';
import { ConfigError, DataError } from '../errors.ts';
import { MeanIou, type MeanIouResult } from '../evaluation/meanIou.ts';
import { ignoredLabel, type UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import type { StepInput } from '../ops/compileStep.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages } from '../ops/normalizeImages.ts';
import { expectSeveralClasses } from './severalClasses.ts';
import { PhotoSegmenter } from './photoSegmenter.ts';
import type { InferenceMode } from './slidingWindow.ts';
import type { EvaluateOptions, Loss, Metrics, Task, TaskMetadata } from './task.ts';

type Rgb = readonly [number, number, number];

export interface SegmentationOptions {
  /** With values. */
  readonly model: UpernetSegmentor;
  readonly training: SegmentationFolder;
  readonly validation: SegmentationFolder;
  readonly augmentation: SegmentationAugmentation;
  /** The sizes at which a photo is looked at in evaluation, and whether mirrored too. */
  readonly evaluation: { readonly scales: TestScales; readonly mode: InferenceMode; readonly flip: boolean };
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  readonly std: Rgb;
  /** Pictures of one forward and backward pass. */
  readonly batchSize: number;
  readonly seed: number;
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  readonly workers?: number;
}

/** Is shown each photo of an evaluation with its prediction, [map.height * map.width]. */
export type OnPhoto = (photo: TestPhoto, prediction: Uint8Array) => Promise<void>;

const MAIN_METRIC = 'mIoU';

export class SegmentationTask implements Task<SegmentationBatch> {
  readonly model: UpernetSegmentor;
  readonly training: SegmentationLoader;
  readonly mainMetric = MAIN_METRIC;
  readonly headline = [MAIN_METRIC, 'mAcc', 'aAcc'];
  readonly metadata: TaskMetadata;
  readonly #validation: TestPhotoLoader;
  readonly #options: SegmentationOptions;
  readonly #segmenter: PhotoSegmenter;

  /** @throws DataError when the classes do not fit the model; ConfigError for loader options that cannot be */
  constructor(options: SegmentationOptions) {
    const { model, training, validation, augmentation, evaluation, mean, std, batchSize, seed, workers } = options;
    const { names } = training.classes;
    expectSeveralClasses('SegmentationTask', model.classes);
    if (names.length !== model.classes) {
      throw new DataError(`SegmentationTask: expected ${model.classes} classes in the data, as model.classes says, got ${names.length}; set model.classes to ${names.length}`);
    }
    if (batchSize > training.size) {
      throw new ConfigError(`SegmentationTask: expected at most the ${training.size} training photos for batchSize, got ${batchSize}`);
    }
    const threads = workers === undefined ? {} : { workers };
    this.model = model;
    this.metadata = { classNames: names, measure: measureOf(options) };
    const loading = { augmentation, batchSize, seed, ...threads };
    this.training = new SegmentationLoader(training, { ...loading, shuffle: true, dropLast: true });
    this.#validation = new TestPhotoLoader(validation, { scales: evaluation.scales, ...threads });
    this.#options = options;
    this.#segmenter = new PhotoSegmenter(model, { ...evaluation, mean, std });
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
    const { total, parts } = this.model.loss(this.#normalized(images!), maps!);
    return { total, parts: { ...parts } };
  }

  size({ size }: SegmentationBatch): number {
    return size;
  }

  describe({ indices }: SegmentationBatch): string[] {
    return Array.from(indices, (index) => this.#options.training.describe(index));
  }

  isUnlabelled({ maps }: SegmentationBatch): boolean {
    return maps.every((label) => label === ignoredLabel);
  }

  /** Over the validation data, at each photo's own size: `mIoU`, `mAcc`, `aAcc`, and `IoU.<class>` of each class that occurs. */
  async evaluate(options: EvaluateOptions): Promise<Metrics | undefined> {
    const counted = await this.count(options);
    return counted && metricsOf(counted.result(), this.#options.training.classes.names);
  }

  /** Counts the validation data's pixels by class; undefined when it was given up. */
  async count({ compile, isStopped = () => false }: EvaluateOptions, onPhoto?: OnPhoto): Promise<MeanIou | undefined> {
    const counted = new MeanIou({ classes: this.model.classes });
    for await (const photo of this.#validation.photos()) {
      const { data, width } = photo.map;
      const prediction = await this.#segmenter.segment(photo.photos, photo.map, compile);
      counted.add(prediction, data, { truth: this.#options.validation.mapPath(photo.index), width });
      await onPhoto?.(photo, prediction);
      if (isStopped()) return undefined;
    }
    return counted;
  }

  async close(): Promise<void> {
    this.#segmenter.dispose();
    await Promise.all([this.training.close(), this.#validation.close()]);
  }

  #normalized(images: Tensor): Tensor {
    return normalizeImages(images, this.#options.mean, this.#options.std);
  }
}

function measureOf({ validation, evaluation }: SegmentationOptions): string {
  const samples = Array.from({ length: validation.size }, (_, i) => ({ source: validation.source(i) }));
  return `${MAIN_METRIC} of ${validation.size} photos (${dataFingerprint(samples)}) with ${JSON.stringify(evaluation)}`;
}

/** A class that neither occurs nor is predicted has no score. */
function metricsOf({ mIoU, mAcc, aAcc, perClass }: MeanIouResult, classNames: readonly string[]): Metrics {
  const scored = perClass.flatMap(({ iou }, i) => (Number.isNaN(iou) ? [] : [[`IoU.${classNames[i] ?? i}`, iou] as const]));
  return { mIoU, mAcc, aAcc, ...Object.fromEntries(scored) };
}
