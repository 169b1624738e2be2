// A Pascal VOC data set as COCO and back.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { inCodePointOrder } from '../../files/codePointOrder.ts';
import { PHOTO_EXTENSIONS, hasExtension } from '../../files/fileNames.ts';
import { stemKey } from '../../files/pairing.ts';
import type { CocoDataset } from '../cocoDataset.ts';
import type { CocoAnnotation, CocoImage } from '../records.ts';
import {
  clippedBox, countNote, type ConversionNotes, type ConvertedFile, type PhotoProgress, type PhotoSize, type PixelBox,
} from './conversion.ts';
import { labelledPhotos, noteNewIds } from './labelledPhotos.ts';
import { LabelFolder, makeFolder, withExtension } from './newFolder.ts';
import { labelFiles, photoIds, photoSize } from './photoFiles.ts';
import { photosOfAnnotations, type VocPhoto } from './vocPhotos.ts';
import { readText, readXmlText } from './textFile.ts';
import { formatVoc, parseVoc, type VocAnnotation, type VocObject } from './vocAnnotation.ts';

export interface VocInput {
  /** A data set's folder, with Annotations in it, or a folder of XML files. */
  readonly folder: string;
  /** Only the photos that ImageSets/Main/<split>.txt names. */
  readonly split?: string;
  /** Categories in their order; default: all names that occur, in alphabetical order. Ids are 1, 2, 3, … */
  readonly names?: readonly string[];
  /** Whether corners are edges from 0, not pixels from 1. */
  readonly isZeroBased?: boolean;
  readonly onProgress?: PhotoProgress;
}

/**
 * Reads annotations. `difficult` becomes `ignore`, as in COCO's own conversion of VOC; iscrowd is 0.
 * @throws DataError naming the file and line that is wrong
 */
export async function readVoc(input: VocInput): Promise<ConvertedFile> {
  const { folder, split, names, isZeroBased = false, onProgress } = input;
  const annotated = existsSync(path.join(folder, 'Annotations')) ? path.join(folder, 'Annotations') : folder;
  const listed = split === undefined ? undefined : await readSplit(folder, split);
  const there = await labelFiles(annotated, '.xml');
  const files = listed === undefined ? there : splitFiles(listed, there);
  if (files.length === 0) throw new DataError(`readVoc: expected XML files in ${annotated}, got none`);
  const notes: ConversionNotes = new Map();
  const read: VocAnnotation[] = [];
  for (const name of files) {
    const file = path.join(annotated, name);
    read.push(parseVoc(await readXmlText(file, 'annotations'), file, isZeroBased));
    onProgress?.(read.length, files.length);
  }
  const claims = files.map((xml, i) => ({ xml, fileName: read[i]!.fileName }));
  const photos = await photosOfAnnotations(folder, annotated, claims, notes);
  const images: CocoImage[] = [];
  const objects: (VocObject & { readonly imageId: number; readonly file: string })[] = [];
  const ids = photoIds(files);
  for (const [i, annotation] of read.entries()) {
    const file = path.join(annotated, files[i]!);
    const id = ids[i]!;
    images.push({ id, ...await sizeOf(annotation, photos[i]!, file), file_name: photos[i]!.name });
    for (const object of annotation.objects) {
      objects.push({ ...object, imageId: id, file });
      if (Math.min(object.bbox[0], object.bbox[1]) < 0) {
        countNote(notes, `boxes with a corner below ${isZeroBased ? 0 : '1, where VOC starts: if the files count from 0, add --zero-based'}`);
      }
    }
  }
  const categoryNames = names ?? inCodePointOrder(new Set(objects.map(({ name }) => name)));
  const categories = categoryNames.map((name, i) => ({ id: i + 1, name }));
  const idOf = new Map(categories.map(({ id, name }) => [name, id]));
  const annotations = objects.map(({ name, bbox, difficult, imageId, file }, i): CocoAnnotation => {
    const category = idOf.get(name);
    if (category === undefined) throw new DataError(`readVoc: expected one of ${[...idOf.keys()].join(', ')} as name of an object in ${file}, got ${name}`);
    return {
      id: i + 1, image_id: imageId, category_id: category, bbox, area: bbox[2] * bbox[3], iscrowd: 0, ignore: difficult ? 1 : 0,
    };
  });
  return { file: { images, annotations, categories }, notes };
}

/** From the file, or the photo itself where the file does not say. */
async function sizeOf({ size }: VocAnnotation, photo: VocPhoto, xml: string): Promise<PhotoSize> {
  if (size !== undefined) return size;
  if (photo.file !== undefined) return photoSize(photo.file);
  throw new DataError(`readVoc: expected <size> with width and height in ${xml}, or the photo ${photo.name} in JPEGImages or beside it, ` +
    'got neither');
}

/** The lines of a split's list. */
interface SplitList {
  readonly file: string;
  readonly lines: readonly { readonly text: string; readonly number: number }[];
}

async function readSplit(folder: string, split: string): Promise<SplitList> {
  const file = path.join(folder, 'ImageSets', 'Main', `${split}.txt`);
  const lines = (await readText(file, 'names of photos')).split('\n').map((line, i) => ({ text: line.trim(), number: i + 1 }));
  return { file, lines: lines.filter(({ text }) => text !== '') };
}

/**
 * The XML files of a split's photos. A line is a name, which may have spaces in it; in a class's list 1, -1 or 0 stands behind
 * each. Which of the two a list is shows in what is there: all names whole, or all without their last word.
 * @throws DataError naming the line whose photo has no XML file
 */
function splitFiles({ file, lines }: SplitList, there: readonly string[]): string[] {
  const byStem = new Map(there.map((name) => [stemKey(name)!, name]));
  const stemOf = (name: string) => (hasExtension(name, ...PHOTO_EXTENSIONS, '.xml') ? stemKey(name)! : name);
  const whole = lines.map(({ text }) => byStem.get(text.normalize('NFC')) ?? byStem.get(stemOf(text)));
  if (!whole.includes(undefined)) return whole as string[];
  const ofClass = lines.map(({ text }) => {
    const name = /^(.*\S)\s+(?:1|-1|0)$/.exec(text)?.[1];
    return name === undefined ? undefined : byStem.get(name.normalize('NFC'));
  });
  if (!ofClass.includes(undefined)) return ofClass as string[];
  const isOfClass = lines.every(({ text }) => /\s(?:1|-1|0)$/.test(text));
  const { number, text } = lines[(isOfClass ? ofClass : whole).indexOf(undefined)]!;
  throw new DataError(`readVoc: expected the name of a photo with an XML file at line ${number} of ${file}, got ${text}, which has none`);
}

export interface VocOutput {
  /** To be made: `Annotations/` with an XML file per photo. */
  readonly folder: string;
  /** Whether corners are edges from 0, not pixels from 1. */
  readonly isZeroBased?: boolean;
  readonly onProgress?: PhotoProgress;
}

/**
 * Writes annotations: boxes only, clipped to their photo. Crowds, and what is marked `ignore`, become `difficult`. A box narrower
 * than a pixel becomes one pixel wide: VOC has none smaller.
 */
export async function writeVoc(dataset: CocoDataset, output: VocOutput): Promise<ConversionNotes> {
  const { folder, isZeroBased = false, onProgress } = output;
  const { images, annotations, categories } = dataset;
  const nameOf = new Map(categories.map(({ id, name }) => [id, name]));
  const notes: ConversionNotes = new Map();
  await makeFolder(folder, async (partial) => {
    const labels = new LabelFolder(path.join(partial, 'Annotations'));
    const photos = labelledPhotos(dataset, 'writeVoc', notes);
    const written = new Set<string>();
    for (const [i, { row, size, name: photo }] of photos.entries()) {
      const objects = Array.from(dataset.annotationsByImage.rows(images.ids[row]!)).flatMap((annotation): VocObject[] => {
        const name = nameOf.get(annotations.categoryIds[annotation]!);
        const bbox = clippedBox(dataset, annotation, size);
        if (name === undefined || bbox === undefined) {
          const reason = name === undefined ? 'whose category is not in the file' : 'which have no box inside their photo';
          countNote(notes, `annotations left out, ${reason}`);
          return [];
        }
        written.add(name);
        const difficult = annotations.isCrowd[annotation] === 1 || annotations.record(annotation)['ignore'] === 1;
        return [{ name, bbox: isZeroBased ? bbox : atLeastOnePixel(bbox, notes), difficult }];
      });
      await labels.write(photo, withExtension(photo, '.xml'), formatVoc({ fileName: photo, size, objects }, isZeroBased));
      onProgress?.(i + 1, photos.length);
    }
    noteNewIds(dataset, photos, inCodePointOrder(written), notes);
  });
  return notes;
}

function atLeastOnePixel([x, y, width, height]: PixelBox, notes: ConversionNotes): PixelBox {
  if (width < 1 || height < 1) countNote(notes, 'boxes narrower than a pixel, which became one pixel wide');
  return [x, y, Math.max(1, width), Math.max(1, height)];
}
