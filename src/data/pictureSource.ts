// The origin of one picture as plain data: it can be posted to a worker thread, which needs no dataset to load it.

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

/**
 * Loads one picture.
 * @throws DataError naming the file when it cannot be decoded.
 */
export async function loadPicture(source: PictureSource): Promise<RawImage> {
  return source.kind === 'file' ? decodeImage(source.path) : source.image;
}
