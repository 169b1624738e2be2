// The annotations of an evaluation sorted into cells: one per class and photo that has objects or detections. Everything is row
// numbers of the two tables in a few flat arrays, so that no object is made per annotation.
// Source: pycocotools 2.0.11, COCOeval._prepare: which annotations count, and in which order.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { IdIndex } from '../../data/coco/idIndex.ts';
import { DataError } from '../../errors.ts';
import { sortIntoCells, type PlacedRows } from './cellKernel.ts';
import type { CocoParameters } from './cocoParameters.ts';

export interface EvaluationCells {
  /** Number of cells. They are in the order of their class, then of their photo. */
  readonly count: number;
  /** [count] index into categoryIds; 0 without useCats. */
  readonly categories: Uint32Array;
  /** [count] index into imageIds. */
  readonly images: Uint32Array;
  /** [count + 1] first of the cell's rows in `truths`. */
  readonly truthStarts: Uint32Array;
  /** Rows of the ground truth, a cell's in the file's order. */
  readonly truths: Uint32Array;
  /** [count + 1] first of the cell's rows in `detections`. */
  readonly detectionStarts: Uint32Array;
  /** Rows of the detections, a cell's by score, best first, at most the largest of maxDets. */
  readonly detections: Uint32Array;
  /** [K + 1] first of a class's rows in `ranking`. */
  readonly rankingStarts: Uint32Array;
  /** Places in `detections` by class, then by score over all photos. */
  readonly ranking: Uint32Array;
  /** [detections] place of a detection in its cell, from 0 on. */
  readonly ranks: Uint32Array;
}

/**
 * Sorts annotations into cells.
 * @throws DataError naming an annotation without an id, or a detection without a score
 */
export function groupIntoCells(truth: AnnotationTable, detected: AnnotationTable, parameters: CocoParameters): EvaluationCells {
  const { maxDets, imageIds, categoryIds, useCats } = parameters;
  const photos = imageIds.length;
  const classes = useCats ? categoryIds.length : 1;
  const gt = place(truth, parameters, 'ground truth');
  const dt = place(detected, parameters, 'detections');
  const scores = scoresOf(detected, dt.rows);
  return sortIntoCells({ truth: gt, detected: dt, scores, photos, classes, most: maxDets.at(-1)! });
}

/** The rows whose photo and class take part, in the order in which pycocotools collects them for each cell. */
function place(table: AnnotationTable, { imageIds, categoryIds, useCats }: CocoParameters, name: string): PlacedRows {
  const imageIndex = new IdIndex(Float64Array.from(imageIds));
  const categoryIndex = new IdIndex(Float64Array.from(categoryIds));
  const collected = collect(table, imageIndex, useCats ? categoryIndex : undefined, name);
  // Without classes the lists of the classes are strung together in the given order, one given twice twice.
  const passes = useCats ? 1 : categoryIds.length;
  const rows = new Uint32Array(collected.length * passes);
  const categories = new Uint32Array(rows.length);
  const images = new Uint32Array(rows.length);
  let count = 0;
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 0; i < collected.length; i++) {
      const row = collected[i]!;
      const image = imageIndex.row(table.imageIds[row]!);
      if (image === -1) continue;
      const category = useCats ? categoryIndex.row(table.categoryIds[row]!) : 0;
      if (category === -1 || (!useCats && table.categoryIds[row] !== categoryIds[pass])) continue;
      rows[count] = row;
      categories[count] = category;
      images[count++] = image;
    }
  }
  return { rows: rows.subarray(0, count), categories: categories.subarray(0, count), images: images.subarray(0, count) };
}

/**
 * Rows by photo, then in the file's order. Where ids occur twice each row stands for the last one with its id, as pycocotools
 * looks annotations up by id.
 */
function collect(table: AnnotationTable, imageIndex: IdIndex, wanted: IdIndex | undefined, name: string): Uint32Array {
  const all = identity(table.count);
  const index = duplicates(table.ids, name);
  if (index === undefined) return all;
  const rows = all.filter((row) =>
    imageIndex.row(table.imageIds[row]!) !== -1 && (wanted === undefined || wanted.row(table.categoryIds[row]!) !== -1));
  const images = rows.map((row) => imageIndex.row(table.imageIds[row]!));
  return identity(rows.length).sort((a, b) => images[a]! - images[b]! || a - b).map((i) => index.row(table.ids[rows[i]!]!));
}

/** Where each id is last, undefined if none occurs twice. */
function duplicates(ids: Float64Array, name: string): IdIndex | undefined {
  let ascending = true;
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (Number.isNaN(id)) throw new DataError(`CocoEval: expected an id for each annotation, got none in the ${name} at annotations[${row}]`);
    if (row > 0 && id <= ids[row - 1]!) ascending = false;
  }
  if (ascending) return undefined;
  const index = new IdIndex(ids);
  for (let row = 0; row < ids.length; row++) if (index.row(ids[row]!) !== row) return index;
  return undefined;
}

/** [rows] */
function scoresOf(table: AnnotationTable, rows: Uint32Array): Float64Array {
  const scores = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const score = table.scores[row]!;
    if (Number.isNaN(score)) throw new DataError(`CocoEval: expected a score for each detection, got none for detection ${table.ids[row]}`);
    scores[i] = score;
  }
  return scores;
}

function identity(length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return order;
}
