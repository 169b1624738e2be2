// A folder of YOLO labels as COCO and back. Class number c becomes category id c + 1; COCO's categories become classes 0, 1, 2, …
// in the file's order.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { filesByStem, stemKey } from '../../files/pairing.ts';
import type { CocoDataset } from '../cocoDataset.ts';
import type { CocoAnnotation, CocoImage } from '../records.ts';
import { clippedBox, countNote, type ConversionNotes, type ConvertedFile, type PhotoProgress, type PhotoSize } from './conversion.ts';
import { joinPolygons } from './joinPolygons.ts';
import { LabelFolder, makeFolder } from './newFolder.ts';
import { labelFiles, photoFiles, photoIds, photoSize } from './photoFiles.ts';
import { readText } from './textFile.ts';
import { formatYoloLabel, parseYoloLabel, type YoloObject } from './yoloLabel.ts';

export interface YoloInput {
  /** Folder of photos, with any folders in it. */
  readonly photos: string;
  /** Folder of labels, with the same names; a photo without a label file has no objects. */
  readonly labels: string;
  /** Of classes 0, 1, 2, … */
  readonly names: readonly string[];
  readonly onProgress?: PhotoProgress;
}

/** Where the labels of a folder of photos lie: beside `images` as `labels`, otherwise in the same folder. */
export function labelsBeside(photos: string): string {
  const parts = path.resolve(photos).split(path.sep);
  const at = parts.lastIndexOf('images');
  const labels = parts.with(at, 'labels').join(path.sep);
  return at >= 0 && existsSync(labels) ? labels : photos;
}

/**
 * Reads labels. Areas are those of the boxes, or of the outlines where the labels hold outlines.
 * @throws DataError naming the file and line that is wrong; also when no photo at all has a label
 */
export async function readYolo({ photos, labels, names, onProgress }: YoloInput): Promise<ConvertedFile> {
  const files = await photoFiles(photos);
  const ids = photoIds(files);
  const notes: ConversionNotes = new Map();
  const texts = (await labelFiles(labels, '.txt')).filter((name) => path.posix.basename(name) !== 'classes.txt');
  const found = filesByStem(texts, undefined, { folder: labels, caller: 'readYolo', what: 'labels' });
  const used = new Set(files.map((name) => stemKey(name)!).filter((name) => found.has(name)));
  if (used.size === 0) {
    throw new DataError(`readYolo: expected label files for the photos of ${photos} in ${labels}, such as ${stemKey(files[0]!)}.txt, got none; ` +
      'name their folder with --labels');
  }
  for (const name of found.keys()) if (!used.has(name)) countNote(notes, 'label files left out, which have no photo');
  const images: CocoImage[] = [];
  const annotations: CocoAnnotation[] = [];
  for (const [i, name] of files.entries()) {
    const size = await photoSize(path.join(photos, name));
    const id = ids[i]!;
    images.push({ id, ...size, file_name: name });
    const labelName = found.get(stemKey(name)!);
    if (labelName !== undefined) {
      const label = path.join(labels, labelName);
      const objects = parseYoloLabel(await readText(label, 'labels'), size, names.length, label);
      for (const object of objects) annotations.push(annotationOf(object, annotations.length + 1, id));
    } else countNote(notes, 'photos without a label file, taken as photos without objects');
    onProgress?.(i + 1, files.length);
  }
  return { file: { images, annotations, categories: names.map((name, i) => ({ id: i + 1, name })) }, notes };
}

function annotationOf({ classIndex, bbox, polygon, score }: YoloObject, id: number, imageId: number): CocoAnnotation {
  return {
    id, image_id: imageId, category_id: classIndex + 1, bbox, iscrowd: 0,
    area: polygon === undefined ? bbox[2] * bbox[3] : polygonArea(polygon),
    ...(polygon && { segmentation: [polygon] }),
    ...(score !== undefined && { score }),
  };
}

/** Area inside an outline, px² (shoelace formula). */
function polygonArea(polygon: readonly number[]): number {
  let twice = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    twice += polygon[i]! * polygon[next + 1]! - polygon[next]! * polygon[i + 1]!;
  }
  return Math.abs(twice) / 2;
}

export interface YoloOutput {
  /** To be made: `labels/` with a text file per photo, and data.yaml, for photos in `images/`. */
  readonly folder: string;
  /** Write outlines instead of boxes. */
  readonly outlines: boolean;
  readonly onProgress?: PhotoProgress;
}

/**
 * Writes labels. YOLO has no crowds and no masks, and its boxes lie inside the photo: crowds are left out, boxes are clipped, and
 * several outlines of an object are joined into one.
 */
export async function writeYolo(dataset: CocoDataset, { folder, outlines, onProgress }: YoloOutput): Promise<ConversionNotes> {
  const { images, categories } = dataset;
  const classOf = new Map(categories.map(({ id }, i) => [id, i]));
  const notes: ConversionNotes = new Map();
  await makeFolder(folder, async (partial) => {
    const labels = new LabelFolder(path.join(partial, 'labels'), '.txt');
    for (let row = 0; row < images.count; row++) {
      const image = images.record(row);
      const size = { width: images.widths[row]!, height: images.heights[row]! };
      if (!(size.width > 0 && size.height > 0) || typeof image.file_name !== 'string') {
        throw new DataError(`writeYolo: expected file_name, width and height for image id ${image.id} of ${dataset.name}, got ${JSON.stringify(image)}`);
      }
      const objects = Array.from(dataset.annotationsByImage.rows(images.ids[row]!)).flatMap((annotation) =>
        objectOf(dataset, annotation, { size, classOf, outlines, notes }));
      await labels.write(image.file_name, formatYoloLabel(objects, size));
      onProgress?.(row + 1, images.count);
    }
    const names = categories.map(({ name }, i) => `  ${i}: ${JSON.stringify(name)}\n`);
    await writeFile(path.join(partial, 'data.yaml'), `train: images\nval: images\nnames:\n${names.join('')}`);
  });
  return notes;
}

interface Target {
  readonly size: PhotoSize;
  readonly classOf: ReadonlyMap<number, number>;
  readonly outlines: boolean;
  readonly notes: ConversionNotes;
}

/** One object, or none. */
function objectOf(dataset: CocoDataset, row: number, { size, classOf, outlines, notes }: Target): YoloObject[] {
  const { annotations } = dataset;
  const none = (what: string): YoloObject[] => {
    countNote(notes, what);
    return [];
  };
  const classIndex = classOf.get(annotations.categoryIds[row]!);
  if (classIndex === undefined) return none('annotations left out, whose category is not in the file');
  if (annotations.isCrowd[row] === 1) return none('crowds left out, which YOLO does not have');
  const score = annotations.scores[row]!;
  const bbox = clippedBox(dataset, row, size);
  if (!outlines) {
    return bbox === undefined ? none('annotations left out, which have no box inside their photo') :
      [{ classIndex, bbox, ...(!Number.isNaN(score) && { score }) }];
  }
  const segmentation = annotations.segmentation(row);
  const polygons = segmentation === undefined || 'counts' in segmentation ? [] : segmentation.filter(({ length }) => length >= 6);
  if (polygons.length > 1) countNote(notes, 'objects of several outlines, which were joined into one');
  return polygons.length === 0 ? none('annotations left out, which have no outline') :
    [{ classIndex, bbox: bbox ?? [0, 0, 0, 0], polygon: joinPolygons(polygons) }];
}
