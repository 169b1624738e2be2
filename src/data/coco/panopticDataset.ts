// COCO's panoptic files: JSON with the segments of each photo, and one PNG per photo whose colours are segment ids.
// Source: https://cocodataset.org/#format-data, section 4; cocodataset/panopticapi, panopticapi/utils.py.

import { DataError } from '../../errors.ts';
import type { AnnotationTable } from './annotationTable.ts';
import { annotationTableOfText, imageTableOfText } from './byteTables.ts';
import { categoriesOf } from './categories.ts';
import type { ParsedCoco } from './cocoParser.ts';
import { IdIndex } from './idIndex.ts';
import type { ImageTable } from './imageTable.ts';
import { annotationTableOf, imageTableOf } from './objectTables.ts';
import { readCocoBytes, readCocoFile, type ReadProgress } from './readCocoFile.ts';
import type { CocoAnnotation, CocoCategory, CocoFile } from './records.ts';

/** One segment of a photo, as in the file. */
export interface PanopticSegment {
  /** Its colour in the PNG: red + 256 green + 65536 blue. */
  readonly id: number;
  /** Its class. */
  readonly category_id: number;
  /** Pixels. */
  readonly area?: number;
  /** x, y, width, height in px */
  readonly bbox?: readonly number[];
  /** 1: a group that cannot be told apart. */
  readonly iscrowd?: number;
  readonly [key: string]: unknown;
}

/** The segments of one photo. */
export interface PanopticAnnotation {
  /** The photo. */
  readonly image_id: number;
  /** Of the PNG. */
  readonly file_name: string;
  /** What the PNG's colours stand for. */
  readonly segments_info: readonly PanopticSegment[];
}

/** A panoptic file. */
export class PanopticDataset {
  /** Photos. */
  readonly images: ImageTable;
  /** With `isthing`, 1 or 0, and `color`. */
  readonly categories: readonly CocoCategory[];
  /** Photos that have segments. */
  readonly count: number;
  /** What errors call it. */
  readonly name: string;
  readonly #annotations: AnnotationTable;
  readonly #byImage: IdIndex;

  private constructor(images: ImageTable, categories: readonly CocoCategory[], annotations: AnnotationTable, name: string) {
    this.images = images;
    this.categories = categories;
    this.count = annotations.count;
    this.name = name;
    this.#annotations = annotations;
    this.#byImage = new IdIndex(annotations.imageIds);
  }

  /** Reads a file of any size. Needs Node. @throws DataError naming the place when it is not COCO JSON */
  static async open(path: string, onProgress?: ReadProgress): Promise<PanopticDataset> {
    return PanopticDataset.#of(await readCocoFile(path, onProgress), path);
  }

  /** The same from a file's bytes, which are copied. */
  static fromBytes(bytes: Uint8Array, name = 'the data'): PanopticDataset {
    return PanopticDataset.#of(readCocoBytes(bytes, name), name);
  }

  /** The same from what JSON.parse gives. */
  static fromObject({ images = [], categories = [], annotations = [] }: CocoFile, name = 'the data'): PanopticDataset {
    const table = annotationTableOf(annotations, 'annotations');
    return new PanopticDataset(imageTableOf(images), categoriesOf(categories, name), table, name);
  }

  static #of(parsed: ParsedCoco, name: string): PanopticDataset {
    if (parsed.isList) {
      throw new DataError(`PanopticDataset: expected an object with images, annotations and categories in ${name}, got a list`);
    }
    const categories = categoriesOf(parsed.categories, name);
    return new PanopticDataset(imageTableOfText(parsed), categories, annotationTableOfText(parsed, name), name);
  }

  /** Entry number `row`, in the file's order. @throws DataError naming it when it has no segments */
  annotation(row: number): PanopticAnnotation {
    const record = this.#annotations.record(row);
    const { image_id, file_name, segments_info } = record;
    if (!isSegments(segments_info) || typeof file_name !== 'string') {
      throw new DataError(`PanopticDataset: expected file_name and segments_info with an id and a category_id each for annotations[${row}] ` +
        `(image id ${image_id}) of ${this.name}, got ${clipped(record)}`);
    }
    return { ...record, image_id, file_name, segments_info };
  }

  /** The segments of a photo. @throws DataError for a photo without an entry */
  annotationOf(imageId: number): PanopticAnnotation {
    const row = this.#byImage.row(imageId);
    if (row < 0) throw new DataError(`PanopticDataset: expected an image id that has segments in ${this.name}, got ${imageId}`);
    return this.annotation(row);
  }

  /**
   * The class of each pixel.
   * @param ids [pixels] segment ids, from panopticIds or readPanopticMap
   * @returns [pixels] category ids; 0 where there is no segment (id 0)
   * @throws DataError naming the pixel whose id is not among the photo's segments
   */
  semanticMap(imageId: number, ids: Uint32Array): Int32Array {
    const { file_name, segments_info } = this.annotationOf(imageId);
    const classes = new Map([[0, 0], ...segments_info.map(({ id, category_id }) => [id, category_id] as const)]);
    let last = 0;
    let lastClass = 0;
    return Int32Array.from(ids, (id, pixel) => {
      if (id === last) return lastClass;
      const found = classes.get(id);
      if (found === undefined) {
        throw new DataError(`semanticMap: expected the id of a segment of image id ${imageId} (${file_name}) at pixel ${pixel}, got ${id}`);
      }
      [last, lastClass] = [id, found];
      return found;
    });
  }
}

function isSegments(value: unknown): value is PanopticSegment[] {
  return Array.isArray(value) && value.every((segment: Partial<PanopticSegment> | null) =>
    typeof segment?.id === 'number' && typeof segment.category_id === 'number');
}

function clipped(record: CocoAnnotation): string {
  const text = JSON.stringify(record);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
