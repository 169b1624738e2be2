// Which photo a VOC annotation is of. By the format's convention it is the one with the name of the XML file; <filename> is what
// programs get wrong: without an extension, the same in all files, percent-encoded, or missing.

import { statSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { PHOTO_EXTENSIONS, hasExtension } from '../../files/fileNames.ts';
import { stemKey } from '../../files/pairing.ts';
import { walkFiles } from '../../files/walkFolders.ts';
import type { ConversionNotes } from './conversion.ts';

/** Folders of photos beside `Annotations`. */
const USUAL_FOLDERS = ['JPEGImages', 'images', 'Images'];

/** What an XML file says. */
export interface VocClaim {
  /** Path of the XML file below the folder of annotations. */
  readonly xml: string;
  /** <filename>, if any. */
  readonly fileName: string | undefined;
}

/** A photo's name for the COCO file. */
export interface VocPhoto {
  readonly name: string;
  /** Its path, where it is there. */
  readonly file: string | undefined;
}

/**
 * The photo of each annotation. Its name is a path below the folder of photos: `JPEGImages` or `images` of the data set, else
 * that of the annotations.
 * @param annotated the folder of XML files
 * @param notes told how many names are not those of <filename>, with an example
 * @throws DataError when two annotations are of the same photo
 */
export async function photosOfAnnotations(
  folder: string, annotated: string, claims: readonly VocClaim[], notes: ConversionNotes,
): Promise<VocPhoto[]> {
  const beside = USUAL_FOLDERS.map((name) => path.join(folder, name))
    .find((one) => statSync(one, { throwIfNoEntry: false })?.isDirectory());
  const place = beside ?? annotated;
  const files = (await walkFiles(place, { caller: 'convert', what: 'photos' })).filter(isPhoto);
  const finder = new PhotoFinder(files);
  const often = new Map<string, number>();
  for (const { fileName } of claims) if (fileName !== undefined) often.set(fileName, (often.get(fileName) ?? 0) + 1);
  const [renamed, invented, absent]: [string[], string[], string[]] = [[], [], []];
  const xmlOf = new Map<string, string>();
  const photos = claims.map(({ xml, fileName }): VocPhoto => {
    const found = finder.find(xml, fileName);
    const isUsable = fileName !== undefined && often.get(fileName) === 1;
    const name = found ?? (isUsable ? fileName : stemKey(xml)! + ((fileName && /\.\w{2,5}$/.exec(fileName)?.[0]) ?? '.jpg'));
    if (found === undefined && isUsable) absent.push(name);
    else if (name !== fileName) (found === undefined ? invented : renamed).push(`${fileName ?? 'none'} became ${name}`);
    const other = xmlOf.get(name);
    if (other !== undefined) throw new DataError(`readVoc: expected a photo of its own for each XML file, got ${name} for both ${other} and ${xml}`);
    xmlOf.set(name, xml);
    return { name, file: found === undefined ? undefined : path.join(place, found) };
  });
  const note = (list: readonly string[], what: string): void => {
    if (list.length > 0) notes.set(`${what}, such as ${list[0]}`, list.length);
  };
  note(renamed, 'photos named after the file that is there, not after <filename>');
  note(invented, 'photos named after their XML file, as neither <filename> nor a file names them');
  // Without photos at all nobody expects them there.
  if (files.length > 0) note(absent, `photos that are not in ${place}, named after <filename>`);
  return photos;
}

/** Whether a name is a photo's. What is only named and measured may be one that training does not read. */
function isPhoto(name: string): boolean {
  return hasExtension(name, ...PHOTO_EXTENSIONS, '.bmp');
}

class PhotoFinder {
  readonly #byName: Map<string, string>;
  readonly #byStem = new Map<string, string>();

  constructor(files: readonly string[]) {
    this.#byName = new Map(files.map((name) => [name.normalize('NFC'), name]));
    for (const name of files) if (!this.#byStem.has(stemKey(name)!)) this.#byStem.set(stemKey(name)!, name);
  }

  /** The photo of an XML file: with its name, or else with that of <filename>. */
  find(xml: string, fileName: string | undefined): string | undefined {
    const stem = stemKey(xml)!;
    const folder = path.posix.dirname(stem);
    const spelled = fileName === undefined ? [] : [fileName, unescaped(fileName)];
    const names = spelled.flatMap((name) => [path.posix.join(folder, name), name]);
    // Of two photos that differ in their extension alone, <filename> tells which.
    const exact = names.map((name) => this.#byName.get(name.normalize('NFC'))).filter((name) => name !== undefined);
    const ofXml = exact.find((name) => stemKey(name) === stem) ?? this.#byStem.get(stem);
    const stems = [...names.map((name) => (isPhoto(name) ? stemKey(name)! : name.normalize('NFC'))), path.posix.basename(stem)];
    return [ofXml, exact[0], ...stems.map((one) => this.#byStem.get(one))].find((name) => name !== undefined);
  }
}

/** A name as URLs do not write it. */
function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign of its own
  }
}
