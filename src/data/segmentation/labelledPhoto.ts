// Loads a photo and its map, as classes.

import { DataError } from '../../errors.ts';
import { decodeImage } from '../decode.ts';
import { exifRemedy } from '../exifTurn.ts';
import { readLabelImage } from '../labelImage.ts';
import type { LabelledPhoto } from './augmentation.ts';
import type { LabelReader } from './labelRules.ts';

/** Paths of a photo and of its label image. */
export interface LabelledPhotoSource {
  /** Path of the photo. */
  readonly photo: string;
  /** Path of the label image. */
  readonly map: string;
}

/**
 * Decodes both.
 * @throws DataError naming the file that cannot be decoded, holds values that are no class, or is of another size than its photo
 */
export async function loadLabelledPhoto(source: LabelledPhotoSource, labels: LabelReader): Promise<LabelledPhoto> {
  const [photo, { data, width, height }] = await Promise.all([decodeImage(source.photo), readLabelImage(source.map)]);
  if (width !== photo.width || height !== photo.height) {
    throw new DataError(`loadLabelledPhoto: expected ${photo.width} x ${photo.height} pixels, as in ${source.photo}, for ${source.map}, got ${width} x ${height}` + await exifRemedy(source.photo, { width, height }));
  }
  return { photo, map: { data: labels.read(data, source.map), width, height } };
}
