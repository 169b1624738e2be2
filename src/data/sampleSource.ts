// The origin of one sample's pixels as plain data: it can be posted to a worker thread, which needs no dataset to load it.

import { decodeImage, type RawImage } from './decode.ts';

export type PictureSource =
  | { readonly kind: 'file'; readonly path: string }
  /** Pixels in memory. Backed by a SharedArrayBuffer they are posted without a copy. */
  | { readonly kind: 'pixels'; readonly image: RawImage };

/** Paths of a photo and of its label image. */
export interface LabelledPhotoSource {
  readonly kind: 'labelledPhoto';
  readonly photo: string;
  readonly map: string;
}

export type SampleSource = PictureSource | LabelledPhotoSource;

/**
 * Loads one picture.
 * @throws DataError naming the file when it cannot be decoded.
 */
export async function loadSource(source: PictureSource): Promise<RawImage> {
  return source.kind === 'file' ? decodeImage(source.path) : source.image;
}
