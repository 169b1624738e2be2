// A COCO file of ground truth, or results for one: its tables, and the look-ups of pycocotools' COCO class.

import { DataError } from '../../errors.ts';
import type { AnnotationTable } from './annotationTable.ts';
import { annotationTableOfText, imageTableOfText } from './byteTables.ts';
import { categoriesOf } from './categories.ts';
import type { CocoFinding } from './cocoFindings.ts';
import type { ParsedCoco } from './cocoParser.ts';
import { IdIndex } from './idIndex.ts';
import type { ImageTable } from './imageTable.ts';
import { annotationTableOf, imageTableOf } from './objectTables.ts';
import { readCocoBytes, readCocoFile, type ReadProgress } from './readCocoFile.ts';
import type { CocoAnnotation, CocoCategory, CocoFile, CocoImage } from './records.ts';
import { completeResults } from './results.ts';
import type { Rle } from './rle.ts';
import { decodeMask } from './rleMask.ts';
import { RowGroups } from './rowGroups.ts';
import { segmentationToRle } from './segmentationRle.ts';
import { validateCoco } from './validateCoco.ts';

/** What a data set is made of. */
export interface CocoParts {
  /** Photos. */
  readonly images: ImageTable;
  /** Classes, in the file's order. */
  readonly categories: readonly CocoCategory[];
  /** Objects, or detections. */
  readonly annotations: AnnotationTable;
  /** As in the file. */
  readonly info?: unknown;
  /** As in the file. */
  readonly licenses?: unknown;
  /** What errors call it: a path. */
  readonly name?: string;
  /** What the annotations are results for; absent for ground truth. */
  readonly truth?: CocoDataset;
}

/** One id or several; none, as an empty list, means all. */
export type Ids = number | readonly number[];

/** Which annotations to find; what is left out or empty does not matter. */
export interface AnnotationFilter {
  /** Of these photos. */
  readonly imgIds?: Ids;
  /** Of these classes. */
  readonly catIds?: Ids;
  /** Area in px², both bounds exclusive. */
  readonly areaRng?: readonly [] | readonly [low: number, high: number];
  /** Only crowds, or none; an annotation without iscrowd is none. */
  readonly iscrowd?: boolean | 0 | 1;
}

/** Which categories to find; what is left out or empty does not matter. */
export interface CategoryFilter {
  /** With one of these names. */
  readonly catNms?: string | readonly string[];
  /** With one of these supercategories. */
  readonly supNms?: string | readonly string[];
  /** With one of these ids. */
  readonly catIds?: Ids;
}

/** Which photos to find; what is left out or empty does not matter. */
export interface ImageFilter {
  /** With one of these ids. */
  readonly imgIds?: Ids;
  /** Photos with an annotation of each of these. */
  readonly catIds?: Ids;
}

/**
 * Ground truth, or results that loadRes has completed.
 *
 *     const truth = await CocoDataset.open('instances_val2017.json');
 *     const [dog] = truth.getCatIds({ catNms: 'dog' });
 *     const annotations = truth.loadAnns(truth.getAnnIds({ catIds: dog }));
 *
 * Only syntax and the types of fields are checked while reading; `validate` finds what else is wrong.
 */
export class CocoDataset {
  /** Photos. */
  readonly images: ImageTable;
  /** Classes, in the file's order. */
  readonly categories: readonly CocoCategory[];
  /** Objects, or detections. */
  readonly annotations: AnnotationTable;
  /** As in the file. */
  readonly info: unknown;
  /** As in the file. */
  readonly licenses: unknown;
  /** What errors call it. */
  readonly name: string;
  /** Whether the annotations are results, as loadRes makes them. */
  readonly isResults: boolean;
  /** What these are results for. */
  readonly truth: CocoDataset | undefined;
  #imageIndex: IdIndex | undefined;
  #annotationIndex: IdIndex | undefined;
  #byImage: RowGroups | undefined;
  #byCategory: RowGroups | undefined;

  constructor({ images, categories, annotations, info, licenses, name = 'the data', truth }: CocoParts) {
    this.images = images;
    this.categories = categories;
    this.annotations = annotations;
    this.info = info;
    this.licenses = licenses;
    this.name = name;
    this.isResults = truth !== undefined;
    this.truth = truth;
  }

  /**
   * Reads a file of ground truth (instances, keypoints). Needs Node; the file may be larger than a string can be.
   * @throws DataError naming the place when it is not COCO JSON
   */
  static async open(path: string, onProgress?: ReadProgress): Promise<CocoDataset> {
    return datasetOf(await readCocoFile(path, onProgress), path);
  }

  /** The same from a file's bytes, which are copied. */
  static fromBytes(bytes: Uint8Array, name = 'the data'): CocoDataset {
    return datasetOf(readCocoBytes(bytes, name), name);
  }

  /** The same from what JSON.parse gives; the objects are kept, not copied. */
  static fromObject(file: CocoFile, name = 'the data'): CocoDataset {
    if (typeof file !== 'object' || Array.isArray(file)) throw isNoTruth(name);
    const { images = [], categories = [], annotations = [], info, licenses } = file;
    return new CocoDataset({
      images: imageTableOf(images),
      categories: categoriesOf(categories, name),
      annotations: annotationTableOf(annotations, 'annotations'),
      info,
      licenses,
      name,
    });
  }

  /**
   * Reads results for these photos and completes them as pycocotools does: see completeResults.
   * @param results a path (Node), a file's bytes or a list
   * @throws DataError naming the result that is wrong
   */
  async loadRes(results: string | Uint8Array | readonly CocoAnnotation[], onProgress?: ReadProgress): Promise<CocoDataset> {
    const name = typeof results === 'string' ? results : 'results';
    let table: AnnotationTable;
    if (typeof results === 'string' || results instanceof Uint8Array) {
      const parsed = typeof results === 'string' ? await readCocoFile(results, onProgress) : readCocoBytes(results, name);
      if (!parsed.isList) throw new DataError(`loadRes: expected a list of results in ${name}, got an object; results are a list [{ … }, …]: take the one that is in it (jq .annotations FILE), or put brackets around a single result`);
      table = annotationTableOfText(parsed, name);
    } else {
      table = annotationTableOf(results, 'results');
    }
    const { images, categories, info, licenses } = this;
    const annotations = completeResults(table, (id) => this.imageRow(id) >= 0, name);
    return new CocoDataset({ images, categories, annotations, info, licenses, name, truth: this });
  }

  /**
   * Looks for faults: annotations without iscrowd, of unknown photos and categories, boxes outside their photo, masks of another
   * size, ids that come twice, … FINDING_RULES lists all kinds, how bad they are and what is made of them.
   * @returns one finding per kind, the fatal ones first
   */
  validate(onProgress?: (checked: number, inAll: number) => void): CocoFinding[] {
    return validateCoco(this, onProgress);
  }

  /** The row of a photo in `images`, -1 where there is none; of photos with the same id the last one. */
  imageRow(id: number): number {
    this.#imageIndex ??= new IdIndex(this.images.ids);
    return this.#imageIndex.row(id);
  }

  /** The row of an annotation in `annotations`, -1 where there is none; of annotations with the same id the last one. */
  annotationRow(id: number): number {
    this.#annotationIndex ??= new IdIndex(this.annotations.ids);
    return this.#annotationIndex.row(id);
  }

  /**
   * Rows of `annotations` by photo.
   * @internal
   */
  get annotationsByImage(): RowGroups {
    return this.#byImage ??= new RowGroups(this.annotations.imageIds);
  }

  /**
   * Rows of `annotations` by category.
   * @internal
   */
  get annotationsByCategory(): RowGroups {
    return this.#byCategory ??= new RowGroups(this.annotations.categoryIds);
  }

  /** Ids of annotations: in the file's order, or photo by photo in the order of imgIds. */
  getAnnIds({ imgIds = [], catIds = [], areaRng = [], iscrowd }: AnnotationFilter = {}): number[] {
    const { count, ids, categoryIds, areas, isCrowd } = this.annotations;
    const photos = listOf(imgIds);
    const categories = new Set(listOf(catIds));
    const rows = photos.length === 0 ? Array.from({ length: count }, (_, row) => row) :
      photos.flatMap((id) => Array.from(this.annotationsByImage.rows(id)));
    const [low = -Infinity, high = Infinity] = areaRng;
    return rows.filter((row) =>
      (categories.size === 0 || categories.has(categoryIds[row]!)) &&
      (areaRng.length === 0 || (areas[row]! > low && areas[row]! < high)) &&
      (iscrowd === undefined || (isCrowd[row] === 1) === Boolean(iscrowd))).map((row) => ids[row]!);
  }

  /** Ids of categories, in the file's order. */
  getCatIds({ catNms = [], supNms = [], catIds = [] }: CategoryFilter = {}): number[] {
    const [names, groups, ids] = [listOf(catNms), listOf(supNms), listOf(catIds)];
    return this.categories.filter(({ id, name, supercategory = '' }) =>
      (names.length === 0 || names.includes(name)) &&
      (groups.length === 0 || groups.includes(supercategory)) &&
      (ids.length === 0 || ids.includes(id))).map(({ id }) => id);
  }

  /** Ids of photos, each once. */
  getImgIds({ imgIds = [], catIds = [] }: ImageFilter = {}): number[] {
    const photos = listOf(imgIds);
    const categories = listOf(catIds);
    if (photos.length === 0 && categories.length === 0) return [...new Set(this.images.ids)];
    let found = new Set(photos);
    categories.forEach((category, i) => {
      const rows = this.annotationsByCategory.rows(category);
      const withCategory = new Set(Array.from(rows, (row) => this.annotations.imageIds[row]!));
      found = i === 0 && found.size === 0 ? withCategory : new Set([...found].filter((id) => withCategory.has(id)));
    });
    return [...found];
  }

  /** Annotations by id, as JSON.parse gives them. @throws DataError for an id that no annotation has */
  loadAnns(ids: Ids): CocoAnnotation[] {
    return listOf(ids).map((id) => this.annotations.record(this.#known(this.annotationRow(id), 'annotation', id)));
  }

  /** Photos by id, as JSON.parse gives them. @throws DataError for an id that no photo has */
  loadImgs(ids: Ids): CocoImage[] {
    return listOf(ids).map((id) => this.images.record(this.#known(this.imageRow(id), 'image', id)));
  }

  /** Categories by id. @throws DataError for an id that no category has */
  loadCats(ids: Ids): CocoCategory[] {
    return listOf(ids).map((id) => this.categories[this.#known(this.categories.findLastIndex((one) => one.id === id), 'category', id)]!);
  }

  /**
   * The mask of an annotation; its polygons together.
   * @throws DataError naming the annotation when it has no mask, or one that cannot be drawn
   */
  annToRle(id: number): Rle {
    return this.annotationToRle(this.#known(this.annotationRow(id), 'annotation', id));
  }

  /** The pixels of an annotation's mask: [height * width] row by row, 0 or 1. @throws DataError as annToRle */
  annToMask(id: number): Uint8Array {
    return decodeMask(this.annToRle(id));
  }

  /**
   * Draws annotations of one photo over it: polygons and masks, keypoints with their skeleton, and boxes if asked for. Needs Node
   * and the package sharp.
   * @param annotations as loadAnns gives them
   * @param photo the picture: a path or a file's bytes
   * @returns a PNG of the photo's size
   * @throws DataError when they are of several photos, or the picture is not of the size that its entry says
   */
  async showAnns(
    annotations: readonly CocoAnnotation[], { photo, drawBoxes = false }: { photo: string | Uint8Array; drawBoxes?: boolean },
  ): Promise<Uint8Array> {
    const ids = [...new Set(annotations.map(({ image_id }) => image_id))];
    if (ids.length !== 1) throw new DataError(`showAnns: expected annotations of one photo for annotations, got those of ${ids.length}`);
    const { drawOverlay } = await import('./overlay.ts');
    return drawOverlay({ image: this.loadImgs(ids[0]!)[0]!, annotations, categories: this.categories, photo, drawBoxes });
  }

  /** annToRle by row in `annotations`. */
  annotationToRle(row: number): Rle {
    const { annotations, images } = this;
    const what = `annotation id ${annotations.ids[row]}`;
    const segmentation = annotations.segmentation(row);
    if (segmentation === undefined) throw new DataError(`annToRle: expected a segmentation for ${what} of ${this.name}, got none`);
    const image = this.#known(this.imageRow(annotations.imageIds[row]!), 'image', annotations.imageIds[row]!);
    try {
      return segmentationToRle(segmentation, images.heights[image]!, images.widths[image]!);
    } catch (error) {
      throw error instanceof DataError ? new DataError(`${error.message} (segmentation of ${what} of ${this.name})`) : error;
    }
  }

  #known(row: number, kind: string, id: number): number {
    if (row < 0) throw new DataError(`CocoDataset: expected the id of an ${kind} in ${this.name}, got ${id}`.replace('an category', 'a category'));
    return row;
  }
}

function datasetOf(parsed: ParsedCoco, name: string): CocoDataset {
  if (parsed.isList) throw isNoTruth(name);
  const { info, licenses } = parsed;
  return new CocoDataset({
    images: imageTableOfText(parsed),
    categories: categoriesOf(parsed.categories, name),
    annotations: annotationTableOfText(parsed, name),
    info,
    licenses,
    name,
  });
}

function isNoTruth(name: string): DataError {
  return new DataError(`CocoDataset: expected an object with images, annotations and categories in ${name}, got a list; ` +
    'results are read by loadRes of the ground truth, on the command line by --dt or --results');
}

function listOf<Item>(items: Item | readonly Item[]): readonly Item[] {
  return Array.isArray(items) ? items as readonly Item[] : [items as Item];
}
