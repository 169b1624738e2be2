// The photos of a folder, for formats whose labels lie beside them.

import path from 'node:path';
import sharp from 'sharp';
import { DataError } from '../../../errors.ts';
import { PHOTO_EXTENSIONS, hasExtension, photosAmong } from '../../files/fileNames.ts';
import { walkFiles } from '../../files/walkFolders.ts';
import { decodeFault } from '../../decodeFault.ts';
import type { PhotoSize } from './conversion.ts';

const CALLER = 'convert';

/** Photos of a folder and of the folders in it, by name, in order; with `/` between folders. */
export async function photoFiles(folder: string): Promise<string[]> {
  const photos = photosAmong(await walkFiles(folder, { caller: CALLER, what: 'photos' }), folder, CALLER);
  if (photos.length === 0) throw new DataError(`${CALLER}: expected photos (${PHOTO_EXTENSIONS.join(' ')}) in ${folder}, got none`);
  return photos;
}

/** Label files of a folder and of the folders in it. @param extension in any case. @throws DataError when it is no folder */
export async function labelFiles(folder: string, extension: '.txt' | '.xml'): Promise<string[]> {
  return (await walkFiles(folder, { caller: CALLER, what: 'labels' })).filter((name) => hasExtension(name, extension));
}

/** A photo's size in px, upright (EXIF applied), without decoding it. @throws DataError naming the file */
export async function photoSize(file: string): Promise<PhotoSize> {
  try {
    const { autoOrient } = await sharp(file, { limitInputPixels: false }).metadata();
    return autoOrient;
  } catch (error) {
    throw new DataError(`photoSize: expected a picture in ${file}, got: ${await decodeFault(error, file)}`);
  }
}

/** An id for each photo: the number that its name is (000000000139.jpg is 139) if all are different numbers, else 1, 2, 3, … */
export function photoIds(names: readonly string[]): number[] {
  const stems = names.map((name) => path.posix.basename(name, path.posix.extname(name)));
  const numbers = stems.map((stem) => (/^\d{1,15}$/.test(stem) ? Number(stem) : NaN));
  const areIds = numbers.every((id) => id > 0) && new Set(numbers).size === names.length;
  return areIds ? numbers : names.map((_, i) => i + 1);
}
