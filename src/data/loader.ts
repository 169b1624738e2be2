// Batches of augmented pictures with their labels; see batchLoader.ts.

import { BatchLoader, defaultFileWorkers, type LoaderOptions } from './batchLoader.ts';
import type { ClassificationDataset } from './dataset.ts';
import { sampleKind, type PictureArrays, type PictureOrigin } from './pictureSamples.ts';
import type { IndexedBatch } from './prefetch.ts';
import { batchRecipe } from './sampleKind.ts';
import { outputSizePx, type ImageTransform } from './transforms/imageTransform.ts';

/** How a loader makes batches of pictures. */
export interface ImageLoaderOptions extends LoaderOptions {
  /** Done to each picture in turn; one of them sets the size. */
  readonly transforms: readonly ImageTransform[];
}

/** Pictures of one size with their labels. */
export interface ImageBatch {
  /** RGB bytes, [size, sizePx, sizePx, 3], not normalised. */
  readonly images: Uint8Array;
  /** [size] */
  readonly labels: Int32Array;
  /** Which samples of the dataset these are, [size]. */
  readonly indices: Int32Array;
  /** Pictures in the batch. */
  readonly size: number;
  /** Side of the pictures. */
  readonly sizePx: number;
}

/** Worker threads for a dataset: none for pixels in memory, where a batch costs less than a message; else as for files. */
export function defaultWorkers(dataset: ClassificationDataset): number {
  if (dataset.size === 0 || dataset.source?.(0).kind !== 'file') return 0;
  return defaultFileWorkers();
}

/** Makes batches of a classification data set ahead, in worker threads. */
export class ImageLoader {
  /** What is left out by `dropLast` and `shard` not counted. */
  readonly batchesPerEpoch: number;
  /** See BatchLoader. */
  readonly batchesAhead: number;
  /** Side of the pictures. */
  readonly sizePx: number;
  readonly #dataset: ClassificationDataset;
  readonly #batches: BatchLoader<PictureOrigin, PictureArrays>;

  /**
   * @throws ConfigError for options out of range, a pipeline that sets no size, no batch at all, or workers for a dataset that
   * cannot be loaded by them.
   */
  constructor(dataset: ClassificationDataset, { transforms, ...options }: ImageLoaderOptions) {
    const sizePx = outputSizePx(transforms);
    const samples = {
      size: dataset.size,
      origin: (index: number) => () => dataset.load(index),
      ...(dataset.source && { source: dataset.source.bind(dataset) }),
    };
    const loading = { ...options, workers: options.workers ?? defaultWorkers(dataset) };
    this.#batches = new BatchLoader('ImageLoader', samples, batchRecipe(sampleKind, { transforms }), loading);
    this.#dataset = dataset;
    this.sizePx = sizePx;
    this.batchesPerEpoch = this.#batches.batchesPerEpoch;
    this.batchesAhead = this.#batches.batchesAhead;
  }

  /** The batches of one epoch; see BatchLoader.epoch. */
  async *epoch(epoch: number, startBatch = 0): AsyncIterableIterator<ImageBatch> {
    for await (const batch of this.#batches.epoch(epoch, startBatch)) yield this.#labelled(batch);
  }

  /** Batches without end; see BatchLoader.iterations. */
  async *iterations(start = 0): AsyncIterableIterator<ImageBatch> {
    for await (const batch of this.#batches.iterations(start)) yield this.#labelled(batch);
  }

  /** Ends all work and the threads. A batch that is being waited for fails. Closing twice does no harm. */
  async close(): Promise<void> {
    await this.#batches.close();
  }

  #labelled({ arrays: { images }, indices }: IndexedBatch<PictureArrays>): ImageBatch {
    const labels = indices.map((index) => this.#dataset.label(index));
    return { images, labels, indices, size: indices.length, sizePx: this.sizePx };
  }
}
