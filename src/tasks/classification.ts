// Image classification: a classifier, labelled pictures, cross entropy with label smoothing, top-1 and top-5 accuracy.

import { dispose, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DeiT } from '../backbones/deit.ts';
import { dataFingerprint } from '../data/dataFingerprint.ts';
import type { ClassificationDataset } from '../data/dataset.ts';
import { ImageLoader, type ImageBatch } from '../data/loader.ts';
import type { ImageTransform } from '../data/transforms/imageTransform.ts';
import { ConfigError, DataError } from '../errors.ts';
import { TopKAccuracy } from '../evaluation/topk.ts';
import { CompiledStep, type StepInput } from '../ops/compileStep.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages } from '../ops/normalizeImages.ts';
import { expectSeveralClasses } from './severalClasses.ts';
import type { EvaluateOptions, Loss, Metrics, Task, TaskMetadata } from './task.ts';

type Rgb = readonly [number, number, number];

export interface ClassificationOptions {
  /** With values. */
  readonly model: DeiT;
  readonly training: ClassificationDataset;
  readonly validation: ClassificationDataset;
  readonly augmentation: {
    readonly train: readonly ImageTransform[];
    readonly eval: readonly ImageTransform[];
    /** Of values scaled to [0, 1]. */
    readonly mean: Rgb;
    readonly std: Rgb;
  };
  /** Pictures of one forward and backward pass. */
  readonly batchSize: number;
  /** In [0, 1). */
  readonly labelSmoothing: number;
  readonly seed: number;
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  readonly workers?: number;
}

const MAIN_METRIC = 'top1';

export class ClassificationTask implements Task<ImageBatch> {
  readonly model: DeiT;
  readonly training: ImageLoader;
  readonly mainMetric = MAIN_METRIC;
  readonly metadata: TaskMetadata;
  readonly #validation: ImageLoader;
  readonly #options: ClassificationOptions;
  readonly #evaluation: CompiledStep;

  /**
   * @throws DataError when the labels do not fit the model or the two datasets each other; ConfigError when the pictures do not
   *   fit the model, or the options of the loader are out of range
   */
  constructor(options: ClassificationOptions) {
    const { model, training, validation, augmentation, batchSize, seed, workers } = options;
    expectSeveralClasses('ClassificationTask', model.classes);
    checkLabels(model, training, validation);
    if (batchSize > training.size) {
      throw new ConfigError(`ClassificationTask: expected at most the ${training.size} training images for batchSize, got ${batchSize}`);
    }
    const loading = { batchSize, seed, ...(workers !== undefined && { workers }) };
    this.model = model;
    this.metadata = { classNames: training.classNames, measure: measureOf(options) };
    this.training = new ImageLoader(training, { ...loading, transforms: augmentation.train, shuffle: true, dropLast: true });
    const whole = { shuffle: false, dropLast: false };
    this.#validation = new ImageLoader(validation, { ...loading, transforms: augmentation.eval, ...whole });
    this.#options = options;
    this.#evaluation = new CompiledStep((images, labels) => this.#judge(images, labels));
    for (const [name, { sizePx }] of [['train', this.training], ['eval', this.#validation]] as const) {
      if (sizePx !== model.imagePx) {
        throw new ConfigError(`ClassificationTask: expected pictures of model.imagePx ${model.imagePx} from augmentation.${name}, got ${sizePx}`);
      }
    }
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
    const logits = this.model.forward(this.#normalized(images!), { training: true }); // [B, K]
    return { total: crossEntropy(logits, labels!, { labelSmoothing: this.#options.labelSmoothing }), parts: {} };
  }

  size({ size }: ImageBatch): number {
    return size;
  }

  describe({ indices }: ImageBatch): string[] {
    return Array.from(indices, (index) => this.#options.training.describe(index));
  }

  /**
   * Over the validation data: `top1` and, where there are more than five classes, `top5`, shares in [0, 1], and `loss`, the mean
   * cross entropy without smoothing.
   */
  async evaluate({ compile, isStopped = () => false }: EvaluateOptions): Promise<Metrics | undefined> {
    const accuracy = new TopKAccuracy();
    let totalLoss = 0;
    for await (const batch of this.#validation.epoch(0)) {
      const inputs = this.upload(batch);
      const outputs = compile ? await this.#evaluation.run(inputs) : tidy(() => this.#judge(inputs[0]!, inputs[1]!));
      const [logits, loss] = await Promise.all(outputs.map((output) => output.data<'float32'>()));
      accuracy.add(logits!, batch.labels, this.model.classes);
      totalLoss += loss![0]! * batch.size;
      dispose([...inputs, ...outputs]);
      if (isStopped()) return undefined;
    }
    const { top1, top5, count } = accuracy.result();
    return { top1, ...(this.model.classes > 5 && { top5 }), loss: totalLoss / count };
  }

  async close(): Promise<void> {
    this.#evaluation.dispose();
    await Promise.all([this.training.close(), this.#validation.close()]);
  }

  #judge(images: Tensor, labels: Tensor): Tensor[] {
    const logits = this.model.forward(this.#normalized(images));
    return [logits, crossEntropy(logits, labels)];
  }

  #normalized(images: Tensor): Tensor {
    const { mean, std } = this.#options.augmentation;
    return normalizeImages(images, mean, std);
  }
}

function measureOf({ validation, augmentation }: ClassificationOptions): string {
  const sampleAt = (index: number) => ({ source: validation.source?.(index), label: validation.label(index) });
  const samples = Array.from({ length: validation.size }, (_, i) => sampleAt(i));
  return `${MAIN_METRIC} of ${validation.size} pictures (${dataFingerprint(samples)}) after ${JSON.stringify(augmentation.eval)}`;
}

/** Out of range, a label would be another picture's score on some backends and a crash on others. */
function checkLabels({ classes }: DeiT, training: ClassificationDataset, validation: ClassificationDataset): void {
  const { classNames } = training;
  if (classNames.length !== classes) {
    const remedy = `set model.classes to ${classNames.length}`;
    throw new DataError(`ClassificationTask: expected ${classes} classes in the training data, as model.classes says, got ${classNames.length} (${some(classNames)}); ${remedy}`);
  }
  const first = classNames.findIndex((name, label) => validation.classNames[label] !== name);
  if (first >= 0 || validation.classNames.length !== classes) {
    const label = first >= 0 ? first : classes;
    throw new DataError(`ClassificationTask: expected the training data's classes in the validation data, got ${named(validation.classNames[label])} for class ${label} instead of ${named(classNames[label])}`);
  }
  for (const dataset of [training, validation]) {
    for (let index = 0; index < dataset.size; index++) {
      const label = dataset.label(index);
      if (Number.isInteger(label) && label >= 0 && label < classes) continue;
      throw new DataError(`ClassificationTask: expected a class in [0, ${classes}) for ${dataset.describe(index)}, got ${label}`);
    }
  }
}

function named(name: string | undefined): string {
  return name === undefined ? 'none' : `'${name}'`;
}

function some(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
}
