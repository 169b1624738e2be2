// The photos of a COCO file as other formats name them: a path with `/` between folders, below that of the photos.

import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { inCodePointOrder } from '../../files/codePointOrder.ts';
import type { CocoDataset } from '../cocoDataset.ts';
import { describeValue } from '../describeValue.ts';
import { countNote, type ConversionNotes, type PhotoSize } from './conversion.ts';
import { photoIds } from './photoFiles.ts';

/** Bytes of one name and of a whole path that file systems take, with room for the folder that is written to. */
const MOST_NAME_BYTES = 255;
const MOST_PATH_BYTES = 3072;

export interface LabelledPhoto {
  /** In the data set's images. */
  readonly row: number;
  readonly size: PhotoSize;
  /** Below the folder of photos, never out of it. */
  readonly name: string;
}

/**
 * The photos with their sizes and names. Backslashes separate folders too. Of absolute names, and of addresses, the folder
 * that all of them are in is left out: it is one of the machine that wrote the file.
 * @param caller for messages
 * @throws DataError naming the photo whose file_name leads out of the folder, or cannot be that of a file
 */
export function labelledPhotos(dataset: CocoDataset, caller: string, notes: ConversionNotes): LabelledPhoto[] {
  const { images, name: where } = dataset;
  const photos = Array.from({ length: images.count }, (_, row) => {
    const image = images.record(row);
    const size = { width: images.widths[row]!, height: images.heights[row]! };
    const given: unknown = image.file_name;
    const wrong = fieldFault(image);
    if (wrong !== undefined || typeof given !== 'string') {
      throw new DataError(`${caller}: expected file_name, width and height for image id ${images.ids[row]} of ${where}, got ${wrong}`);
    }
    // What follows the path of an address is no part of a file's name.
    const file = isAddress(given) ? given.replace(/[?#].*$/s, '') : given;
    return { row, size, given, name: path.posix.normalize(file.replaceAll('\\', '/')) };
  });
  const top = commonFolder(photos.filter(({ name }) => isAbsolute(name)).map(({ name }) => path.posix.dirname(name)));
  return photos.map(({ row, size, given, name }) => {
    const relative = isAbsolute(name) ? name.slice(top.length).replace(/^\//, '') : name;
    const fault = faultOf(relative);
    if (fault !== undefined) {
      throw new DataError(`${caller}: expected file_name of a photo inside the folder of photos for image id ${images.ids[row]} of ${where}, ` +
        `got ${describeValue(given)}: ${fault}`);
    }
    if (isAddress(name)) countNote(notes, `photos whose file_name is an address, named from ${top.replace('/', '//')} on`);
    else if (isAbsolute(name)) countNote(notes, `photos whose file_name is absolute, named from ${top} on`);
    return { row, size, name: relative };
  });
}

/** The first of these fields that is missing or wrong, and what helps. */
function fieldFault({ file_name: name, width, height }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== 'string') return `${describeValue(name ?? undefined)} for file_name; write the name of the photo's file`;
  const side = Object.entries({ width, height }).find(([, value]) => !(typeof value === 'number' && value > 0));
  return side && `${describeValue(side[1] ?? undefined)} for ${side[0]}; write the photo's size in px`;
}

function isAbsolute(name: string): boolean {
  return /^([a-z]:)?\//i.test(name) || isAddress(name);
}

/** Whether it is a URL, with one slash or two after its scheme. */
function isAddress(name: string): boolean {
  return /^[a-z][a-z\d+.-]+:\//i.test(name);
}

/** The deepest folder that all of these are in; '' for none. */
export function commonFolder(folders: readonly string[]): string {
  const [first = [], ...others] = folders.map((folder) => folder.split('/'));
  const differs = first.findIndex((part, i) => others.some((parts) => parts[i] !== part));
  return first.slice(0, differs === -1 ? first.length : differs).join('/');
}

function faultOf(name: string): string | undefined {
  if (name.includes('\0')) return 'no file has a NUL in its name';
  if (/^[a-z]:/i.test(name)) return 'a drive without a folder';
  if (isAddress(name)) return 'an address among names of files; write the name of the file';
  if (name === '' || name === '.' || name.endsWith('/')) return 'no name of a file';
  const parts = name.split('/');
  if (parts.includes('..')) return 'it leads out of the folder';
  // A label's extension is as long as most photos'.
  if (parts.some((part) => Buffer.byteLength(part) > MOST_NAME_BYTES)) return `a name of more than ${MOST_NAME_BYTES} bytes`;
  if (Buffer.byteLength(name) > MOST_PATH_BYTES) return `a path of more than ${MOST_PATH_BYTES} bytes`;
  return undefined;
}

/** Counts photos and categories that get another id when the labels are read back: results of the COCO file name the old ones. */
export function noteNewIds(
  { images, categories }: CocoDataset, photos: readonly LabelledPhoto[], categoryNames: readonly string[], notes: ConversionNotes,
): void {
  const names = inCodePointOrder(photos.map(({ name }) => name));
  const ids = photoIds(names);
  const idOf = new Map(names.map((name, i) => [name, ids[i]]));
  const fate = 'when the labels are read back: results for the COCO file do not fit then';
  for (const { row, name } of photos) if (idOf.get(name) !== images.ids[row]) countNote(notes, `photos get another id ${fate}`);
  for (const { id, name } of categories) if (categoryNames.indexOf(name) + 1 !== id) countNote(notes, `categories get another id ${fate}`);
}
