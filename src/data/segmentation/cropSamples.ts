// Augmented crops of photos with their maps, as segmentation trains with.

import type { SampleKind } from '../sampleKind.ts';
import { augment, type SegmentationAugmentation } from './augmentation.ts';
import { loadLabelledPhoto, type LabelledPhotoSource } from './labelledPhoto.ts';
import { LabelReader, type LabelRules } from './labelRules.ts';

export interface CropOptions {
  readonly augmentation: SegmentationAugmentation;
  readonly labels: LabelRules;
}

export interface CropArrays {
  /** RGB bytes, [samples, crop.height, crop.width, 3]. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** Class numbers, 255 where ignored, [samples, crop.height, crop.width]. */
  readonly maps: Uint8Array<ArrayBuffer>;
}

export const sampleKind: SampleKind<CropOptions, LabelledPhotoSource, CropArrays> = {
  module: import.meta.url,
  createMaker({ augmentation, labels }) {
    const reader = new LabelReader(labels);
    const pixels = augmentation.crop.width * augmentation.crop.height;
    return {
      allocate: (count) => ({ images: new Uint8Array(count * pixels * 3), maps: new Uint8Array(count * pixels) }),
      async make(source, rng, { images, maps }, position) {
        const sample = await loadLabelledPhoto(source, reader);
        const [from, end] = [position * pixels, (position + 1) * pixels];
        augment(sample, augmentation, rng, images.subarray(from * 3, end * 3), maps.subarray(from, end));
      },
    };
  },
};
