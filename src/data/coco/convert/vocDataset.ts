// A Pascal VOC data set as COCO and back.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { inCodePointOrder } from '../../files/codePointOrder.ts';
import type { CocoDataset } from '../cocoDataset.ts';
import type { CocoAnnotation, CocoImage } from '../records.ts';
import {
  clippedBox, countNote, type ConversionNotes, type ConvertedFile, type PhotoProgress, type PhotoSize, type PixelBox,
} from './conversion.ts';
import { LabelFolder, makeFolder } from './newFolder.ts';
import { labelFiles, photoIds, photoSize } from './photoFiles.ts';
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
  const files = split === undefined ? await labelFiles(annotated, '.xml') : await splitFiles(folder, split);
  if (files.length === 0) throw new DataError(`readVoc: expected XML files in ${annotated}, got none`);
  const notes: ConversionNotes = new Map();
  const images: CocoImage[] = [];
  const objects: (VocObject & { readonly imageId: number; readonly file: string })[] = [];
  const ids = photoIds(files);
  for (const [i, name] of files.entries()) {
    const file = path.join(annotated, name);
    const annotation = parseVoc(await readXmlText(file, 'annotations'), file, isZeroBased);
    const id = ids[i]!;
    images.push({ id, ...await sizeOf(annotation, folder, file), file_name: annotation.fileName });
    for (const object of annotation.objects) {
      objects.push({ ...object, imageId: id, file });
      if (Math.min(object.bbox[0], object.bbox[1]) < 0) {
        countNote(notes, `boxes with a corner below ${isZeroBased ? 0 : '1, where VOC starts: if the files count from 0, add --zero-based'}`);
      }
    }
    onProgress?.(i + 1, files.length);
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
async function sizeOf({ size, fileName }: VocAnnotation, folder: string, file: string): Promise<PhotoSize> {
  if (size !== undefined) return size;
  const places = [path.join(folder, 'JPEGImages', fileName), path.join(path.dirname(file), fileName)];
  const photo = places.find(existsSync);
  if (photo !== undefined) return photoSize(photo);
  throw new DataError(`readVoc: expected <size> with width and height in ${file}, or the photo ${places.join(' or ')}, got neither`);
}

async function splitFiles(folder: string, split: string): Promise<string[]> {
  const text = await readText(path.join(folder, 'ImageSets', 'Main', `${split}.txt`), 'names of photos');
  // A class's split has 1, -1 or 0 behind each name.
  return text.split('\n').map((line) => line.trim().split(/\s+/)[0]!).filter((name) => name !== '').map((name) => `${name}.xml`);
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
    const labels = new LabelFolder(path.join(partial, 'Annotations'), '.xml');
    for (let row = 0; row < images.count; row++) {
      const image = images.record(row);
      const size = { width: images.widths[row]!, height: images.heights[row]! };
      if (typeof image.file_name !== 'string' || !(size.width > 0 && size.height > 0)) {
        throw new DataError(`writeVoc: expected file_name, width and height for image id ${image.id} of ${dataset.name}, got ${JSON.stringify(image)}`);
      }
      const objects = Array.from(dataset.annotationsByImage.rows(images.ids[row]!)).flatMap((annotation): VocObject[] => {
        const name = nameOf.get(annotations.categoryIds[annotation]!);
        const bbox = clippedBox(dataset, annotation, size);
        if (name === undefined || bbox === undefined) {
          const reason = name === undefined ? 'whose category is not in the file' : 'which have no box inside their photo';
          countNote(notes, `annotations left out, ${reason}`);
          return [];
        }
        const difficult = annotations.isCrowd[annotation] === 1 || annotations.record(annotation)['ignore'] === 1;
        return [{ name, bbox: isZeroBased ? bbox : atLeastOnePixel(bbox, notes), difficult }];
      });
      await labels.write(image.file_name, formatVoc({ fileName: image.file_name, size, objects }, isZeroBased));
      onProgress?.(row + 1, images.count);
    }
  });
  return notes;
}

function atLeastOnePixel([x, y, width, height]: PixelBox, notes: ConversionNotes): PixelBox {
  if (width < 1 || height < 1) countNote(notes, 'boxes narrower than a pixel, which became one pixel wide');
  return [x, y, Math.max(1, width), Math.max(1, height)];
}
