// The origin of one sample's pixels as plain data: it can be posted to a worker thread, which needs no dataset to load it.

import { decodeImage, type RawImage } from './decode.ts';

/** Where a picture's pixels come from. */
export type PictureSource =
  | {
      readonly kind: 'file';
      /** Of a photo that can be decoded. */
      readonly path: string;
    }
  | {
      readonly kind: 'pixels';
      /** In memory. Backed by a SharedArrayBuffer it is posted without a copy. */
      readonly image: RawImage;
    };

/** Paths of a photo and of its label image. */
export interface LabelledPhotoSource {
  readonly kind: 'labelledPhoto';
  /** Path of the photo. */
  readonly photo: string;
  /** Path of the label image. */
  readonly map: string;
}

/** Where a sample's pixels come from. */
export type SampleSource = PictureSource | LabelledPhotoSource;

/**
 * Loads one picture.
 * @throws DataError naming the file when it cannot be decoded.
 */
export async function loadSource(source: PictureSource): Promise<RawImage> {
  return source.kind === 'file' ? decodeImage(source.path) : source.image;
}
