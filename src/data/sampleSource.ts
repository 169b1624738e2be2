// The origin of one sample's pixels as plain data: it can be posted to a worker thread, which needs no dataset to load it.

import type { RawImage } from './dataset.ts';
import { decodeImage } from './decode.ts';

export type SampleSource =
  | { readonly kind: 'file'; readonly path: string }
  /** Pixels in memory. Backed by a SharedArrayBuffer they are posted without a copy. */
  | { readonly kind: 'pixels'; readonly image: RawImage };

/**
 * Loads one sample.
 * @throws DataError naming the file when it cannot be decoded.
 */
export async function loadSource(source: SampleSource): Promise<RawImage> {
  return source.kind === 'file' ? decodeImage(source.path) : source.image;
}
