// Pictures through a pipeline of transforms, as classification takes them.

import type { RawImage } from './decode.ts';
import { loadPicture, type PictureSource } from './pictureSource.ts';
import type { SampleKind } from './sampleKind.ts';
import { applyTransforms } from './transforms/apply.ts';
import { outputSizePx, type ImageTransform } from './transforms/imageTransform.ts';

export interface PictureOptions {
  readonly transforms: readonly ImageTransform[];
}

/** A source, or on the thread that has the dataset, a call. */
export type PictureOrigin = PictureSource | (() => Promise<RawImage>);

export interface PictureArrays {
  /** RGB bytes, [samples, sizePx, sizePx, 3]. */
  readonly images: Uint8Array<ArrayBuffer>;
}

export const sampleKind: SampleKind<PictureOptions, PictureOrigin, PictureArrays> = {
  module: import.meta.url,
  createMaker({ transforms }) {
    const bytes = outputSizePx(transforms) ** 2 * 3;
    return {
      allocate: (count) => ({ images: new Uint8Array(count * bytes) }),
      async make(origin, rng, { images }, position) {
        const picture = await (typeof origin === 'function' ? origin() : loadPicture(origin));
        applyTransforms(picture, transforms, rng, images.subarray(position * bytes, (position + 1) * bytes));
      },
    };
  },
};
