// How good a classifier is: top-1 and top-5 accuracy and the cross entropy over labelled pictures.

import { dispose, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Classifier } from '../backbones/classifier.ts';
import { dataFingerprint } from '../data/dataFingerprint.ts';
import type { ClassificationDataset } from '../data/dataset.ts';
import { ImageLoader } from '../data/loader.ts';
import type { ImageTransform } from '../data/transforms/imageTransform.ts';
import { ConfigError, DataError } from '../errors.ts';
import { TopKAccuracy } from '../evaluation/topk.ts';
import { CompiledStep } from '../ops/compileStep.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages, type Rgb } from '../ops/normalizeImages.ts';
import type { EvaluateOptions, Evaluator, Metrics } from './task.ts';

/** How pictures become what a classifier sees when nothing is drawn at random. */
export interface PictureView {
  /** Done to each picture in turn. */
  readonly transforms: readonly ImageTransform[];
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  /** Of values scaled to [0, 1]. */
  readonly std: Rgb;
}

/** What is evaluated, on which pictures. */
export interface ClassificationEvaluatorOptions {
  /** With values. */
  readonly model: Classifier;
  /** Validation pictures. */
  readonly data: ClassificationDataset;
  /** How the model sees them. */
  readonly view: PictureView;
  /** Pictures of one forward pass. */
  readonly batchSize: number;
  /** Of random transforms, where the view has any. */
  readonly seed: number;
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  readonly workers?: number;
}

const MAIN_METRIC = 'top1';

export class ClassificationEvaluator implements Evaluator {
  readonly mainMetric = MAIN_METRIC;
  readonly measure: string;
  /** In the order of their numbers. */
  readonly classNames: readonly string[];
  readonly #options: ClassificationEvaluatorOptions;
  readonly #loader: ImageLoader;
  readonly #step: CompiledStep;

  /** @throws DataError when the labels do not fit the model; ConfigError when the pictures do not, or options are out of range */
  constructor(options: ClassificationEvaluatorOptions) {
    const { model, data, view, batchSize, seed, workers } = options;
    expectLabels(model, data);
    this.#loader = new ImageLoader(data, {
      transforms: view.transforms, batchSize, seed, shuffle: false, dropLast: false, ...(workers !== undefined && { workers }),
    });
    expectPictureSize(model, this.#loader.sizePx, 'eval');
    this.classNames = data.classNames;
    this.measure = measureOf(data, view);
    this.#options = options;
    this.#step = new CompiledStep((images, labels) => this.#judge(images, labels));
  }

  /**
   * Over all pictures: `top1` and, where there are more than five classes, `top5`, shares in [0, 1], and `loss`, the mean cross
   * entropy without smoothing.
   */
  async evaluate({ compile, isStopped = () => false }: EvaluateOptions): Promise<Metrics | undefined> {
    const { classes } = this.#options.model;
    const accuracy = new TopKAccuracy();
    let totalLoss = 0;
    for await (const { images, labels, size, sizePx } of this.#loader.epoch(0)) {
      const inputs = [imageTensor(images, [size, sizePx, sizePx, 3]), tensor1d(labels, 'int32')] as const;
      const outputs = compile ? await this.#step.run(inputs) : tidy(() => this.#judge(...inputs));
      const [logits, loss] = await Promise.all(outputs.map((output) => output.data<'float32'>()));
      accuracy.add(logits!, labels, classes);
      totalLoss += loss![0]! * size;
      dispose([...inputs, ...outputs]);
      if (isStopped()) return undefined;
    }
    const { top1, top5, count } = accuracy.result();
    return { top1, ...(classes > 5 && { top5 }), loss: totalLoss / count };
  }

  async close(): Promise<void> {
    this.#step.dispose();
    await this.#loader.close();
  }

  #judge(images: Tensor, labels: Tensor): Tensor[] {
    const { model, view: { mean, std } } = this.#options;
    const logits = model.forward(normalizeImages(images, mean, std)); // [B, K]
    return [logits, crossEntropy(logits, labels)];
  }
}

/**
 * Out of range, a label would be another picture's score on some backends and a crash on others.
 * @throws DataError
 */
export function expectLabels({ classes }: Classifier, data: ClassificationDataset): void {
  const { classNames } = data;
  if (classNames.length !== classes) {
    const named = classNames.slice(0, 3).join(', ') + (classNames.length > 3 ? ', …' : '');
    throw new DataError(`expectLabels: expected ${classes} classes in the data, as model.classes says, got ${classNames.length} (${named}); set model.classes to ${classNames.length}, or to 'data'`);
  }
  for (let index = 0; index < data.size; index++) {
    const label = data.label(index);
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new DataError(`expectLabels: expected a class in [0, ${classes}) for ${data.describe(index)}, got ${label}`);
  }
}

/** @param part of the augmentation, for the message @throws ConfigError */
export function expectPictureSize({ imagePx }: Classifier, sizePx: number, part: 'train' | 'eval'): void {
  if (sizePx === imagePx) return;
  throw new ConfigError(`expectPictureSize: expected pictures of model.imagePx ${imagePx} from augmentation.${part}, got ${sizePx}`);
}

function measureOf(data: ClassificationDataset, { transforms }: PictureView): string {
  const sampleAt = (index: number) => {
    const source = data.source?.(index);
    return {
      label: data.label(index), ...(source?.kind === 'file' && { files: [source.path] }), ...(source?.kind === 'pixels' && { pixels: source.image.data }),
    };
  };
  const samples = Array.from({ length: data.size }, (_, i) => sampleAt(i));
  return `${MAIN_METRIC} of ${data.size} pictures (${dataFingerprint(samples)}) after ${JSON.stringify(transforms)}`;
}
