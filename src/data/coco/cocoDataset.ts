// A COCO file of ground truth or of results: its tables, and the look-ups of pycocotools' COCO class.

import type { AnnotationTable } from './annotationTable.ts';
import type { ImageTable } from './imageTable.ts';
import { annotationTableOf, imageTableOf } from './objectTables.ts';
import type { CocoAnnotation, CocoCategory, CocoFile, CocoImage } from './records.ts';

/** What a data set is made of. */
export interface CocoParts {
  readonly images: ImageTable;
  readonly categories: readonly CocoCategory[];
  readonly annotations: AnnotationTable;
}

export class CocoDataset {
  readonly images: ImageTable;
  readonly categories: readonly CocoCategory[];
  readonly annotations: AnnotationTable;

  constructor({ images, categories, annotations }: CocoParts) {
    this.images = images;
    this.categories = categories;
    this.annotations = annotations;
  }

  /** Reads a file of instances, keypoints or results. Needs Node. */
  static async open(path: string): Promise<CocoDataset> {
    const { readFile } = globalThis.process.getBuiltinModule('node:fs/promises');
    return CocoDataset.fromBytes(await readFile(path));
  }

  /** The same from the file's bytes. */
  static fromBytes(bytes: Uint8Array): CocoDataset {
    return CocoDataset.fromObject(JSON.parse(new TextDecoder().decode(bytes)) as CocoFile);
  }

  /** The same from what JSON.parse gives: a file's object, or a list of results. */
  static fromObject(file: CocoFile | readonly CocoAnnotation[]): CocoDataset {
    const { images = [], categories = [], annotations = [] }: CocoFile = isList(file) ? { annotations: file } : file;
    return new CocoDataset({ images: imageTableOf(images), categories, annotations: annotationTableOf(annotations, 'annotations') });
  }

  /**
   * Results for these photos, completed as pycocotools' loadRes does.
   * @param results a path (Node), a file's bytes or a list
   */
  async loadRes(results: string | Uint8Array | readonly CocoAnnotation[]): Promise<CocoDataset> {
    const read = typeof results === 'string' ? await CocoDataset.open(results) :
      results instanceof Uint8Array ? CocoDataset.fromBytes(results) : CocoDataset.fromObject(results);
    const records = Array.from({ length: read.annotations.count }, (_, i) => read.annotations.record(i));
    const completed = records.map((record, i): CocoAnnotation => {
      const { bbox } = record;
      if (bbox === undefined) return { ...record, id: i + 1, iscrowd: 0 };
      const [x = NaN, y = NaN, width = NaN, height = NaN] = bbox;
      return {
        segmentation: [[x, y, x, y + height, x + width, y + height, x + width, y]],
        ...record, area: width * height, id: i + 1, iscrowd: 0,
      };
    });
    return new CocoDataset({ images: this.images, categories: this.categories, annotations: annotationTableOf(completed, 'results') });
  }

  /** All photos' entries, or those of the given ids. */
  loadImgs(ids: readonly number[]): CocoImage[] {
    const byId = new Map(Array.from(this.images.ids, (id, i) => [id, i]));
    return ids.map((id) => this.images.record(byId.get(id)!));
  }
}

function isList(file: CocoFile | readonly CocoAnnotation[]): file is readonly CocoAnnotation[] {
  return Array.isArray(file);
}
