// Batches of augmented photos with their maps; see batchLoader.ts.

import { BatchLoader, defaultFileWorkers, type LoaderOptions } from '../batchLoader.ts';
import type { IndexedBatch } from '../prefetch.ts';
import { batchRecipe } from '../sampleKind.ts';
import type { Size } from '../transforms/resizeLinear.ts';
import { checkAugmentation, type SegmentationAugmentation } from './augmentation.ts';
import { sampleKind, type CropArrays } from './cropSamples.ts';
import type { LabelledPhotoSource } from './labelledPhoto.ts';
import { labelRules } from './labelRules.ts';
import type { SegmentationFolder } from './segmentationFolder.ts';

/** How a loader makes batches of labelled crops. */
export interface SegmentationLoaderOptions extends LoaderOptions {
  /** Done to each sample. */
  readonly augmentation: SegmentationAugmentation;
}

/** Crops with their label maps, all of one size. */
export interface SegmentationBatch {
  /** RGB bytes, [size, crop.height, crop.width, 3], not normalised. */
  readonly images: Uint8Array;
  /** Class numbers, 255 where ignored, [size, crop.height, crop.width]. */
  readonly maps: Uint8Array;
  /** Which samples of the folder these are, [size]. */
  readonly indices: Int32Array;
  /** Samples in the batch. */
  readonly size: number;
  /** Pixels. */
  readonly crop: Size;
}

/** Makes batches of augmented crops ahead, in worker threads. */
export class SegmentationLoader {
  /** What is left out by `dropLast` and `shard` not counted. */
  readonly batchesPerEpoch: number;
  /** See BatchLoader. */
  readonly batchesAhead: number;
  /** Size of the samples, pixels. */
  readonly crop: Size;
  readonly #batches: BatchLoader<LabelledPhotoSource, CropArrays>;

  /** @throws ConfigError for options out of range, or no batch at all */
  constructor(folder: SegmentationFolder, { augmentation, ...options }: SegmentationLoaderOptions) {
    checkAugmentation(augmentation);
    const source = folder.source.bind(folder);
    const recipe = batchRecipe(sampleKind, { augmentation, labels: labelRules(folder.classes) });
    const loading = { ...options, workers: options.workers ?? defaultFileWorkers() };
    this.#batches = new BatchLoader('SegmentationLoader', { size: folder.size, origin: source, source }, recipe, loading);
    this.crop = augmentation.crop;
    this.batchesPerEpoch = this.#batches.batchesPerEpoch;
    this.batchesAhead = this.#batches.batchesAhead;
  }

  /** The batches of one epoch; see BatchLoader.epoch. */
  async *epoch(epoch: number, startBatch = 0): AsyncIterableIterator<SegmentationBatch> {
    for await (const batch of this.#batches.epoch(epoch, startBatch)) yield this.#named(batch);
  }

  /** Batches without end; see BatchLoader.iterations. */
  async *iterations(start = 0): AsyncIterableIterator<SegmentationBatch> {
    for await (const batch of this.#batches.iterations(start)) yield this.#named(batch);
  }

  /** Ends all work and the threads. A batch that is being waited for fails. Closing twice does no harm. */
  async close(): Promise<void> {
    await this.#batches.close();
  }

  #named({ arrays, indices }: IndexedBatch<CropArrays>): SegmentationBatch {
    return { ...arrays, indices, size: indices.length, crop: this.crop };
  }
}
