// What a file's name says: whether it counts, and what kind of file it is.

import path from 'node:path';
import { DataError } from '../../errors.ts';

/** Extensions of photos that decodeImage reads, lower case. */
export const PHOTO_EXTENSIONS: readonly string[] = ['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif'];

/** Extensions of photos that it does not read. */
const OTHER_PHOTO_EXTENSIONS: readonly string[] = ['.bmp', '.dib', '.ppm', '.pgm', '.pbm', '.pnm', '.heic', '.heif', '.jp2', '.jxl'];

/** What file managers, archives and file systems leave in folders, lower case. Names that start with a dot are hidden anyhow. */
const LEFT_BY_SYSTEMS = new Set([
  'thumbs.db', 'ehthumbs.db', 'desktop.ini', '__macosx', '@eadir', '#recycle', '$recycle.bin', 'system volume information', 'lost+found',
]);

/** Whether a file or folder is no data by its name: hidden, or left there by a system. */
export function isPassedBy(name: string): boolean {
  return name.startsWith('.') || LEFT_BY_SYSTEMS.has(name.toLowerCase());
}

/** Whether a name has an extension, lower case, in any case: .JPG is .jpg. */
export function hasExtension(name: string, ...extensions: readonly string[]): boolean {
  return extensions.includes(path.extname(name).toLowerCase());
}

/** Whether a folder's name is one of a photo or label. */
export function isNamedLikeFile(name: string): boolean {
  return hasExtension(name, ...PHOTO_EXTENSIONS, ...OTHER_PHOTO_EXTENSIONS, '.txt', '.xml', '.json');
}

/**
 * The photos among files, by extension.
 * @param folder that they are in, for the message
 * @throws DataError naming a photo of a kind that cannot be decoded, which else would be missing without a word
 */
export function photosAmong(files: readonly string[], folder: string, caller: string): string[] {
  const others = files.filter((name) => hasExtension(name, ...OTHER_PHOTO_EXTENSIONS));
  if (others.length > 0) {
    const more = others.length > 1 ? ` and ${others.length - 1} more` : '';
    throw new DataError(`${caller}: expected photos (${PHOTO_EXTENSIONS.join(' ')}), got ${path.join(folder, others[0]!)}${more}; ` +
      'convert them, to PNG for example, or remove them');
  }
  return files.filter((name) => hasExtension(name, ...PHOTO_EXTENSIONS));
}
