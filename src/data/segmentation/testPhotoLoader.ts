// Single photos at test scale with their maps at their own size, in which mmsegmentation counts.

import { BatchLoader, defaultFileWorkers, type LoaderOptions } from '../batchLoader.ts';
import type { RawImage } from '../decode.ts';
import { batchRecipe } from '../sampleKind.ts';
import type { LabelMap } from '../transforms/resizeNearest.ts';
import type { LabelledPhotoSource } from './labelledPhoto.ts';
import { labelRules } from './labelRules.ts';
import type { SegmentationFolder } from './segmentationFolder.ts';
import { checkTestScales, type TestScales } from './testPhotos.ts';
import { sampleKind, type WholePhotoArrays } from './wholePhotoSamples.ts';

/** How a loader makes photos for evaluation. */
export interface TestPhotoLoaderOptions extends Pick<LoaderOptions, 'workers' | 'shard'> {
  /** The sizes of each photo. */
  readonly scales: TestScales;
  /** Photos being made or waiting at any moment. Default: 2 per worker. */
  readonly prefetchPhotos?: number;
}

/** A photo at every size with its label map. */
export interface TestPhoto {
  /** RGB bytes, one for each of the ratios. */
  readonly photos: readonly RawImage[];
  /** Classes, 255 where ignored; at the photo's own size, to which predictions are resized before they are counted. */
  readonly map: LabelMap;
  /** Which sample of the folder this is. */
  readonly index: number;
}

/** Makes photos for evaluation ahead, each once, in the folder's order. */
export class TestPhotoLoader {
  /** Photos of this process. */
  readonly size: number;
  readonly #batches: BatchLoader<LabelledPhotoSource, WholePhotoArrays>;

  /** @throws ConfigError for options out of range */
  constructor(folder: SegmentationFolder, options: TestPhotoLoaderOptions) {
    const { scales, workers = defaultFileWorkers(), prefetchPhotos, shard } = options;
    checkTestScales(scales);
    const source = folder.source.bind(folder);
    const recipe = batchRecipe(sampleKind, { scales, labels: labelRules(folder.classes) });
    this.#batches = new BatchLoader('TestPhotoLoader', { size: folder.size, origin: source, source }, recipe, {
      batchSize: 1, seed: 0, shuffle: false, dropLast: false, workers,
      ...(prefetchPhotos !== undefined && { prefetchBatches: prefetchPhotos }),
      ...(shard && { shard }),
    });
    this.size = this.#batches.batchesPerEpoch;
  }

  /**
   * All photos, in order. Leaving the loop early ends the work on the rest before it returns.
   * @throws (while iterating) DataError naming the file that cannot be used
   */
  async *photos(): AsyncIterableIterator<TestPhoto> {
    for await (const { arrays, indices } of this.#batches.epoch(0)) yield { ...photosAndMap(arrays), index: indices[0]! };
  }

  /** Ends all work and the threads. A photo that is being waited for fails. Closing twice does no harm. */
  async close(): Promise<void> {
    await this.#batches.close();
  }
}

function photosAndMap({ map, sizes, ...photos }: WholePhotoArrays): Pick<TestPhoto, 'photos' | 'map'> {
  const sizeOf = (i: number) => ({ width: sizes[2 * i]!, height: sizes[2 * i + 1]! });
  const scales = sizes.length / 2 - 1;
  return {
    photos: Array.from({ length: scales }, (_, i) => ({ data: photos[`photo${i}`]!, ...sizeOf(i) })),
    map: { data: map, ...sizeOf(scales) },
  };
}
