// How the samples of a batch are made, as plain data for worker threads, and the bytes that result.

import type { Rng } from '../random/rng.ts';
import type { RawImage } from './decode.ts';
import { loadSource, type SampleSource } from './sampleSource.ts';
import { augment, type SegmentationAugmentation } from './segmentation/augmentation.ts';
import { loadLabelledPhoto } from './segmentation/labelledPhoto.ts';
import { LabelReader, type LabelRules } from './segmentation/labelRules.ts';
import { testPhotos, type TestScales } from './segmentation/testPhotos.ts';
import { applyTransforms } from './transforms/apply.ts';
import type { ImageTransform } from './transforms/imageTransform.ts';

export type BatchRecipe =
  /** Plane 0: RGB, [samples, sizePx, sizePx, 3]. */
  | { readonly kind: 'pictures'; readonly transforms: readonly ImageTransform[]; readonly sizePx: number }
  /** Plane 0: RGB, [samples, height, width, 3]; plane 1: classes, [samples, height, width]; in the crop's size. */
  | { readonly kind: 'labelledCrops'; readonly augmentation: SegmentationAugmentation; readonly labels: LabelRules }
  /** One sample. A plane of RGB for each scale, then one of classes in the photo's own size; `sizes`: width, height of each. */
  | { readonly kind: 'wholePhotos'; readonly scales: TestScales; readonly labels: LabelRules };

/** What a sample is made from: a source, or on the thread that has the dataset, a call. */
export type SampleOrigin = SampleSource | (() => Promise<RawImage>);

export interface BatchBytes {
  readonly planes: Uint8Array<ArrayBuffer>[];
  /** Empty where the recipe says all. */
  readonly sizes: number[];
}

/** Makes samples by a recipe. */
export class BatchMaker {
  readonly #recipe: BatchRecipe;
  readonly #labels: LabelReader | undefined;

  constructor(recipe: BatchRecipe) {
    this.#recipe = recipe;
    this.#labels = recipe.kind === 'pictures' ? undefined : new LabelReader(recipe.labels);
  }

  /** An empty batch of `count` samples. */
  allocate(count: number): BatchBytes {
    const recipe = this.#recipe;
    const planes = (...bytes: number[]) => ({ planes: bytes.map((perSample) => new Uint8Array(count * perSample)), sizes: [] });
    switch (recipe.kind) {
      case 'pictures': return planes(recipe.sizePx ** 2 * 3);
      case 'labelledCrops': {
        const { width, height } = recipe.augmentation.crop;
        return planes(width * height * 3, width * height);
      }
      case 'wholePhotos': return planes();
    }
  }

  /**
   * Puts one sample in its place.
   * @param position of the sample in the batch
   * @throws DataError naming the file that cannot be used
   */
  async make(origin: SampleOrigin, rng: Rng, batch: BatchBytes, count: number, position: number): Promise<void> {
    const recipe = this.#recipe;
    const place = (plane: number): Uint8Array => {
      const bytes = batch.planes[plane]!;
      return bytes.subarray((bytes.length / count) * position, (bytes.length / count) * (position + 1));
    };
    if (recipe.kind === 'pictures') {
      applyTransforms(await loadPicture(origin), recipe.transforms, rng, place(0));
      return;
    }
    if (typeof origin === 'function' || origin.kind !== 'labelledPhoto') throw new Error(`BatchMaker: expected labelled photos for ${recipe.kind}`);
    const sample = await loadLabelledPhoto(origin, this.#labels!);
    if (recipe.kind === 'labelledCrops') {
      augment(sample, recipe.augmentation, rng, place(0), place(1));
      return;
    }
    for (const { data, width, height } of [...testPhotos(sample.photo, recipe.scales), sample.map]) {
      // The decoder's memory cannot be handed to another thread.
      batch.planes.push(Uint8Array.from(data));
      batch.sizes.push(width, height);
    }
  }
}

async function loadPicture(origin: SampleOrigin): Promise<RawImage> {
  if (typeof origin === 'function') return origin();
  if (origin.kind === 'labelledPhoto') throw new Error('BatchMaker: expected pictures without a map');
  return loadSource(origin);
}
