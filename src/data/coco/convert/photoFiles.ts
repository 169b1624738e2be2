// The photos of a folder, for formats whose labels lie beside them.

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { DataError } from '../../../errors.ts';
import { DECODABLE_EXTENSIONS } from '../../decode.ts';
import type { PhotoSize } from './conversion.ts';

/** Photos of a folder and of the folders in it, by name, in order; with `/` between folders. */
export async function photoFiles(folder: string): Promise<string[]> {
  const names = await filesOf(folder);
  const photos = names.filter((name) => DECODABLE_EXTENSIONS.includes(path.extname(name).toLowerCase()));
  if (photos.length === 0) throw new DataError(`photoFiles: expected photos (${DECODABLE_EXTENSIONS.join(' ')}) in ${folder}, got none`);
  return photos;
}

/** All files of a folder and of the folders in it. @throws DataError when it is none */
export async function filesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')).sort();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'a file' : message;
    throw new DataError(`filesOf: expected a folder, got ${folder}: ${reason}`);
  }
}

/** A photo's size in px, upright (EXIF applied), without decoding it. @throws DataError naming the file */
export async function photoSize(file: string): Promise<PhotoSize> {
  try {
    const { autoOrient } = await sharp(file).metadata();
    return autoOrient;
  } catch (error) {
    throw new DataError(`photoSize: expected a picture in ${file}, got: ${(error as Error).message}`);
  }
}

/** An id for each photo: the number that its name is (000000000139.jpg is 139) if all are different numbers, else 1, 2, 3, … */
export function photoIds(names: readonly string[]): number[] {
  const stems = names.map((name) => path.posix.basename(name, path.posix.extname(name)));
  const numbers = stems.map((stem) => (/^\d{1,15}$/.test(stem) ? Number(stem) : NaN));
  const areIds = numbers.every((id) => id > 0) && new Set(numbers).size === names.length;
  return areIds ? numbers : names.map((_, i) => i + 1);
}
