// A folder of YOLO labels as COCO and back. Class number c becomes category id c + 1; COCO's categories become classes 0, 1, 2, …
// in the file's order.

import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { filesByStem, stemKey } from '../../files/pairing.ts';
import type { CocoDataset } from '../cocoDataset.ts';
import type { CocoAnnotation, CocoImage } from '../records.ts';
import { clippedBox, countNote, type ConversionNotes, type ConvertedFile, type PhotoProgress, type PhotoSize } from './conversion.ts';
import { joinPolygons } from './joinPolygons.ts';
import { labelledPhotos, noteNewIds } from './labelledPhotos.ts';
import { LabelFolder, makeFolder, withExtension } from './newFolder.ts';
import { labelFiles, photoIds, photoSize } from './photoFiles.ts';
import { listPhotos } from './photoLists.ts';
import { readText } from './textFile.ts';
import { formatYoloLabel, parseYoloLabel, type YoloObject } from './yoloLabel.ts';

/** Text files beside labels that are none. */
const NO_LABELS = new Set(['classes.txt', 'train.txt', 'val.txt', 'valid.txt', 'test.txt', 'trainval.txt', 'obj.txt', 'readme.txt', 'notes.txt',
  'readme.dataset.txt', 'readme.roboflow.txt']);

export interface YoloInput {
  /** Folders of photos, with any folders in them, and text files (.txt) that list photos. */
  readonly photos: readonly string[];
  /** Folder of labels, with the same names as the photos below their folder; default: where YOLO looks. */
  readonly labels?: string | undefined;
  /** Of classes 0, 1, 2, … */
  readonly names: readonly string[];
  readonly onProgress?: PhotoProgress;
}

/** Where YOLO looks for the label of a photo, or for those of a folder: the last `images` of the path becomes `labels`. */
export function labelOf(photo: string): string {
  const parts = photo.split('/');
  const at = parts.lastIndexOf('images');
  const label = at === -1 ? photo : parts.with(at, 'labels').join('/');
  return withExtension(label, '.txt');
}

/**
 * Reads labels. Areas are those of the boxes, or of the outlines where the labels hold outlines. A photo without a label has no
 * objects.
 * @throws DataError naming the file and line that is wrong; also when no photo at all has a label
 */
export async function readYolo({ photos: sources, labels, names, onProgress }: YoloInput): Promise<ConvertedFile> {
  const notes: ConversionNotes = new Map();
  const { folder, files } = await listPhotos(sources, notes);
  const ids = photoIds(files);
  const found = await findLabels(sources, labels, files.map((name) => path.posix.join(folder, name)));
  const labelFor = (name: string): string | undefined => {
    const photo = path.posix.join(folder, name);
    const places = labels === undefined ? [labelOf(photo), photo] : [path.resolve(labels, name)];
    return places.map((place) => found.get(stemKey(place)!)).find((label) => label !== undefined);
  };
  const used = new Set(files.map(labelFor));
  used.delete(undefined);
  if (used.size === 0) {
    const first = files[0]!;
    const place = labels === undefined ? labelOf(path.posix.join(folder, first)) : path.join(labels, withExtension(first, '.txt'));
    throw new DataError(`readYolo: expected label files for the photos of ${sources.join(', ')}, such as ${place}, got none; ` +
      'name their folder with --labels');
  }
  // A list names some of the photos only.
  const isWhole = !sources.some(isList);
  for (const label of isWhole ? found.values() : []) if (!used.has(label)) countNote(notes, 'label files left out, which have no photo');
  const images: CocoImage[] = [];
  const annotations: CocoAnnotation[] = [];
  for (const [i, name] of files.entries()) {
    const size = await photoSize(path.join(folder, name));
    const id = ids[i]!;
    images.push({ id, ...size, file_name: name });
    const label = labelFor(name);
    if (label !== undefined) {
      const objects = parseYoloLabel(await readText(label, 'labels'), size, names.length, label);
      for (const object of objects) annotations.push(annotationOf(object, annotations.length + 1, id));
    } else countNote(notes, 'photos without a label file, taken as photos without objects');
    onProgress?.(i + 1, files.length);
  }
  return { file: { images, annotations, categories: names.map((name, i) => ({ id: i + 1, name })) }, notes };
}

/** Whether a source is a text file that lists photos. */
function isList(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false })?.isFile() === true;
}

/** Label files by what pairs them, whole paths: those of a folder, or all where the labels of these photos may be. */
async function findLabels(
  sources: readonly string[], labels: string | undefined, photos: readonly string[],
): Promise<Map<string, string>> {
  const above = sources.flatMap((source) => (isList(source) ? [] : [path.resolve(source)]));
  const listed = sources.some(isList) ? [...new Set(photos.map((photo) => path.dirname(photo)))] : [];
  const ofPhotos = [...above, ...listed].flatMap((one) => [one, path.dirname(labelOf(`${one}/x`))]);
  const folders = labels === undefined ? ofPhotos : [path.resolve(labels)];
  const found = new Map<string, string>();
  for (const folder of new Set(folders)) {
    // One that --labels names has to be there.
    if (labels === undefined && !existsSync(folder)) continue;
    const texts = (await labelFiles(folder, '.txt')).filter((name) => !NO_LABELS.has(path.posix.basename(name).toLowerCase()));
    for (const [stem, name] of filesByStem(texts, undefined, { folder, caller: 'readYolo', what: 'labels' })) {
      found.set(path.posix.join(folder.normalize('NFC'), stem), path.join(folder, name));
    }
  }
  return found;
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
  /** To be made: data.yaml, and a text file per photo where YOLO looks for it when the photos are put into `images/`. */
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
    const labels = new LabelFolder(partial);
    const photos = labelledPhotos(dataset, 'writeYolo', notes);
    const folders = new Set<string>();
    for (const [i, { row, size, name }] of photos.entries()) {
      // YOLO looks for labels beside a folder `images`: a name that has none is below ours.
      const photo = name.split('/').slice(0, -1).includes('images') ? name : `images/${name}`;
      folders.add(photo.slice(0, `/${photo}`.lastIndexOf('/images/') + 'images'.length));
      const objects = Array.from(dataset.annotationsByImage.rows(images.ids[row]!)).flatMap((annotation) =>
        objectOf(dataset, annotation, { size, classOf, outlines, notes }));
      await labels.write(photo, labelOf(photo), formatYoloLabel(objects, size));
      onProgress?.(i + 1, photos.length);
    }
    const names = categories.map(({ name }, i) => `  ${i}: ${JSON.stringify(name)}\n`);
    const places = folders.size === 1 ? [...folders][0]! : JSON.stringify([...folders]);
    await writeFile(path.join(partial, 'data.yaml'), `train: ${places}\nval: ${places}\nnames:\n${names.join('')}`);
    noteNewIds(dataset, photos, categories.map(({ name }) => name), notes);
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
