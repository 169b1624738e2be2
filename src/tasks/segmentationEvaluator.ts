// How good a segmentation model is: mean intersection over union of photos with maps, at each photo's own size.

import { dataFingerprint } from '../data/dataFingerprint.ts';
import type { SegmentationFolder } from '../data/segmentation/segmentationFolder.ts';
import { TestPhotoLoader, type TestPhoto } from '../data/segmentation/testPhotoLoader.ts';
import type { TestScales } from '../data/segmentation/testPhotos.ts';
import { DataError } from '../errors.ts';
import { MeanIou, type MeanIouResult } from '../evaluation/meanIou.ts';
import type { UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import type { Rgb } from '../ops/normalizeImages.ts';
import { PhotoSegmenter } from './photoSegmenter.ts';
import type { InferenceMode } from './slidingWindow.ts';
import type { EvaluateOptions, Evaluator, Metrics } from './task.ts';

/** How photos are looked at when nothing is drawn at random. */
export interface PhotoView {
  /** At which sizes. */
  readonly scales: TestScales;
  /** As a whole, or through a window that slides over it. */
  readonly mode: InferenceMode;
  /** Mirrored too. */
  readonly flip: boolean;
}

/** What is evaluated, on which photos. */
export interface SegmentationEvaluatorOptions {
  /** With values. */
  readonly model: UpernetSegmentor;
  /** Validation photos. */
  readonly data: SegmentationFolder;
  /** How the model sees them. */
  readonly view: PhotoView;
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  /** Of values scaled to [0, 1]. */
  readonly std: Rgb;
  /** Threads that prepare photos. Default: what the loader finds fitting. */
  readonly workers?: number;
}

/** Is shown each photo of an evaluation with its prediction, [map.height * map.width]. */
export type OnPhoto = (photo: TestPhoto, prediction: Uint8Array) => Promise<void>;

const MAIN_METRIC = 'mIoU';

export class SegmentationEvaluator implements Evaluator {
  readonly mainMetric = MAIN_METRIC;
  readonly headline = [MAIN_METRIC, 'mAcc', 'aAcc'];
  readonly measure: string;
  readonly #options: SegmentationEvaluatorOptions;
  readonly #loader: TestPhotoLoader;
  readonly #segmenter: PhotoSegmenter;

  /** @throws DataError when the classes do not fit the model; ConfigError for options that cannot be */
  constructor(options: SegmentationEvaluatorOptions) {
    const { model, data, view, mean, std, workers } = options;
    expectClasses(model, data);
    this.measure = measureOf(data, view);
    this.#loader = new TestPhotoLoader(data, { scales: view.scales, ...(workers !== undefined && { workers }) });
    this.#options = options;
    this.#segmenter = new PhotoSegmenter(model, { mode: view.mode, flip: view.flip, mean, std });
  }

  /** `mIoU`, `mAcc`, `aAcc`, and `IoU.<class>` of each class that occurs. */
  async evaluate(options: EvaluateOptions): Promise<Metrics | undefined> {
    const counted = await this.count(options);
    return counted && metricsOf(counted.result(), this.#options.data.classes.names);
  }

  /** Counts the pixels by class; undefined when it was given up. */
  async count({ compile, isStopped = () => false }: EvaluateOptions, onPhoto?: OnPhoto): Promise<MeanIou | undefined> {
    const { model, data } = this.#options;
    const counted = new MeanIou({ classes: model.classes });
    for await (const photo of this.#loader.photos()) {
      const { map, index } = photo;
      const prediction = await this.#segmenter.segment(photo.photos, map, compile);
      counted.add(prediction, map.data, { truth: data.mapPath(index), width: map.width });
      await onPhoto?.(photo, prediction);
      if (isStopped()) return undefined;
    }
    return counted;
  }

  async close(): Promise<void> {
    this.#segmenter.dispose();
    await this.#loader.close();
  }
}

/** @throws DataError */
export function expectClasses({ classes }: UpernetSegmentor, { classes: { names } }: SegmentationFolder): void {
  if (names.length === classes) return;
  throw new DataError(`expectClasses: expected ${classes} classes in the data, as model.classes says, got ${names.length}; set model.classes to ${names.length}, or to 'data'`);
}

function measureOf(data: SegmentationFolder, view: PhotoView): string {
  const samples = Array.from({ length: data.size }, (_, i) => ({ files: [data.describe(i), data.mapPath(i)] }));
  return `${MAIN_METRIC} of ${data.size} photos (${dataFingerprint(samples)}) with ${JSON.stringify(view)}`;
}

/** A class that neither occurs nor is predicted has no score. */
function metricsOf({ mIoU, mAcc, aAcc, perClass }: MeanIouResult, classNames: readonly string[]): Metrics {
  const scored = perClass.flatMap(({ iou }, i) => (Number.isNaN(iou) ? [] : [[`IoU.${classNames[i] ?? i}`, iou] as const]));
  return { mIoU, mAcc, aAcc, ...Object.fromEntries(scored) };
}
