// Which photos a data set has: those of folders, and those that text files list.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { inCodePointOrder } from '../../files/codePointOrder.ts';
import { countNote, type ConversionNotes } from './conversion.ts';
import { commonFolder } from './labelledPhotos.ts';
import { photoFiles } from './photoFiles.ts';
import { readText } from './textFile.ts';

export interface PhotoList {
  /** That all are in; the one that was given where there is one only. */
  readonly folder: string;
  /** Below it, with `/`, in order. */
  readonly files: readonly string[];
}

/**
 * Lists the photos of folders and lists together.
 * @param sources folders of photos, and text files with a photo in each line
 * @throws DataError when there is none, or naming the line whose photo is not there
 */
export async function listPhotos(sources: readonly string[], notes: ConversionNotes): Promise<PhotoList> {
  const [first] = sources;
  if (sources.length === 1 && first !== undefined && !isFile(first)) {
    return { folder: path.resolve(first), files: await photoFiles(first) };
  }
  const photos: string[] = [];
  const folders: string[] = [];
  for (const source of sources) {
    if (isFile(source)) {
      const listed = await photosOfList(source);
      photos.push(...listed);
      folders.push(...listed.map((photo) => path.posix.dirname(photo)));
    } else {
      const folder = path.resolve(source);
      photos.push(...(await photoFiles(folder)).map((name) => path.posix.join(folder, name)));
      folders.push(folder);
    }
  }
  const folder = commonFolder(folders);
  const different = new Set(photos);
  for (let i = different.size; i < photos.length; i++) countNote(notes, 'photos listed again, which were taken once');
  return { folder, files: inCodePointOrder(different).map((photo) => photo.slice(folder.length + 1)) };
}

function isFile(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false })?.isFile() === true;
}

async function photosOfList(list: string): Promise<string[]> {
  const lines = (await readText(list, 'photos, one in each line')).split('\n').map((line) => line.trim());
  const folder = path.dirname(path.resolve(list));
  const photos = lines.flatMap((line, i) => {
    if (line === '') return [];
    const photo = placeOf(line, [folder]);
    if (photo !== undefined && isFile(photo)) return [photo];
    throw new DataError(`convert: expected a photo at line ${i + 1} of ${list}, got ${line}, which is not there`);
  });
  if (photos.length === 0) throw new DataError(`convert: expected photos in ${list}, got none`);
  return photos;
}

/**
 * Where a path of a data set's description is: below one of these folders, or, as descriptions come from other machines and other
 * folders, the longest end of it that is there below one of them. The end of a file's path keeps a folder: its name alone may be
 * that of another file.
 */
export function placeOf(given: string, folders: readonly string[]): string | undefined {
  const name = given.replaceAll('\\', '/');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const ends = parts.map((_, i) => parts.slice(i).join('/'));
  const places = [name, ...ends].flatMap((one) => folders.map((folder) => path.resolve(folder, one)));
  const last = places.length - (ends.length > 1 ? folders.length : 0);
  return places.find((place, i) => existsSync(place) && (i < last || !isFile(place)));
}
