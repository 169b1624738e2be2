// The annotations of an evaluation sorted into cells: one per class and photo that has objects or detections. Everything is row
// numbers of the two tables in a few flat arrays, so that no object is made per annotation.
// Source: pycocotools 2.0.11, COCOeval._prepare: which annotations count, and in which order.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { DataError } from '../../errors.ts';
import type { CocoParameters } from './cocoParameters.ts';
import { sortByScore } from './scoreOrder.ts';

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

/** Rows with the index of their class and of their photo. */
interface PlacedRows {
  readonly rows: Uint32Array;
  readonly categories: Uint32Array;
  readonly images: Uint32Array;
}

/**
 * Sorts annotations into cells.
 * @throws DataError naming an annotation without an id, or a detection without a score
 */
export function groupIntoCells(truth: AnnotationTable, detected: AnnotationTable, parameters: CocoParameters): EvaluationCells {
  const { maxDets, imageIds, categoryIds, useCats } = parameters;
  const classes = useCats ? categoryIds.length : 1;
  const gt = place(truth, parameters, 'ground truth');
  const dt = place(detected, parameters, 'detections');
  checkScores(detected, dt.rows);
  // By class, photo and score, and by class and score over all photos. Each sort keeps the order of equals.
  const gtOrder = stableOrder(gt, classes, imageIds.length, identity(gt.rows.length));
  const byImage = countingSort(identity(dt.rows.length), dt.images, imageIds.length);
  const scores = Float64Array.from(dt.rows, (row) => detected.scores[row]!);
  const byScore = sortByScore(byImage, scores);
  const ranked = countingSort(byScore, dt.categories, classes);
  const dtOrder = stableOrder(dt, classes, imageIds.length, byScore);
  return cut({ gt, gtOrder, dt, dtOrder, ranked, classes, most: maxDets.at(-1)! });
}

interface Sorted {
  readonly gt: PlacedRows;
  readonly gtOrder: Uint32Array;
  readonly dt: PlacedRows;
  readonly dtOrder: Uint32Array;
  /** By class and score. */
  readonly ranked: Uint32Array;
  readonly classes: number;
  /** Detections kept per cell. */
  readonly most: number;
}

/** Walks both sorted lists at once and makes a cell of each class and photo that it meets. */
function cut({ gt, gtOrder, dt, dtOrder, ranked, classes, most }: Sorted): EvaluationCells {
  const [gtCount, dtCount] = [gtOrder.length, dtOrder.length];
  const categories = new Uint32Array(gtCount + dtCount);
  const images = new Uint32Array(gtCount + dtCount);
  const truthStarts = new Uint32Array(gtCount + dtCount + 1);
  const detectionStarts = new Uint32Array(gtCount + dtCount + 1);
  const detections = new Uint32Array(dtCount);
  const ranks = new Uint32Array(dtCount);
  // For an entry of dt, its place in `detections` plus 1; 0 when it is beyond `most`.
  const placeOf = new Uint32Array(dtCount);
  let [count, g, d, kept] = [0, 0, 0, 0];
  while (g < gtCount || d < dtCount) {
    const nextGt = g < gtCount ? gtOrder[g]! : -1;
    const nextDt = d < dtCount ? dtOrder[d]! : -1;
    const gtFirst = nextDt === -1 || (nextGt !== -1 && isBefore(gt, nextGt, dt, nextDt));
    const category = gtFirst ? gt.categories[nextGt]! : dt.categories[nextDt]!;
    const image = gtFirst ? gt.images[nextGt]! : dt.images[nextDt]!;
    categories[count] = category;
    images[count] = image;
    while (g < gtCount && gt.categories[gtOrder[g]!] === category && gt.images[gtOrder[g]!] === image) g++;
    for (let rank = 0; d < dtCount && dt.categories[dtOrder[d]!] === category && dt.images[dtOrder[d]!] === image; d++, rank++) {
      if (rank >= most) continue;
      ranks[kept] = rank;
      detections[kept++] = dt.rows[dtOrder[d]!]!;
      placeOf[dtOrder[d]!] = kept;
    }
    count++;
    truthStarts[count] = g;
    detectionStarts[count] = kept;
  }
  const ranking = new Uint32Array(kept);
  const rankingStarts = new Uint32Array(classes + 1);
  let next = 0;
  for (const entry of ranked) {
    if (placeOf[entry] === 0) continue;
    ranking[next++] = placeOf[entry]! - 1;
    rankingStarts[dt.categories[entry]! + 1] = next;
  }
  for (let k = 1; k <= classes; k++) rankingStarts[k] = Math.max(rankingStarts[k]!, rankingStarts[k - 1]!);
  return {
    count,
    categories: categories.slice(0, count),
    images: images.slice(0, count),
    truthStarts: truthStarts.slice(0, count + 1),
    truths: gtOrder.map((entry) => gt.rows[entry]!),
    detectionStarts: detectionStarts.slice(0, count + 1),
    detections: detections.slice(0, kept),
    rankingStarts,
    ranking,
    ranks: ranks.slice(0, kept),
  };
}

function isBefore(a: PlacedRows, i: number, b: PlacedRows, j: number): boolean {
  const difference = a.categories[i]! - b.categories[j]!;
  return difference < 0 || (difference === 0 && a.images[i]! <= b.images[j]!);
}

/** The rows whose photo and class take part, in the order in which pycocotools collects them for each cell. */
function place(table: AnnotationTable, { imageIds, categoryIds, useCats }: CocoParameters, name: string): PlacedRows {
  const imageIndex = new Map(imageIds.map((id, i) => [id, i]));
  const collected = collect(table, imageIndex, useCats ? new Set(categoryIds) : undefined, name);
  // Without classes the lists of the classes are strung together in the given order, one given twice twice.
  const passes = useCats ? [new Map(categoryIds.map((id, k) => [id, k]))] : categoryIds.map((id) => new Map([[id, 0]]));
  const rows = new Uint32Array(collected.length * (useCats ? 1 : passes.length));
  const categories = new Uint32Array(rows.length);
  const images = new Uint32Array(rows.length);
  let count = 0;
  for (const categoryIndex of passes) {
    for (const row of collected) {
      const category = categoryIndex.get(table.categoryIds[row]!);
      const image = imageIndex.get(table.imageIds[row]!);
      if (category === undefined || image === undefined) continue;
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
function collect(
  table: AnnotationTable, imageIndex: ReadonlyMap<number, number>, wanted: ReadonlySet<number> | undefined, name: string,
): Uint32Array {
  const all = identity(table.count);
  if (!hasDuplicates(table.ids, name)) return all;
  const lastRow = new Map(Array.from(table.ids, (id, row) => [id, row]));
  const rows = all.filter((row) => imageIndex.has(table.imageIds[row]!) && (wanted?.has(table.categoryIds[row]!) ?? true));
  const images = Uint32Array.from(rows, (row) => imageIndex.get(table.imageIds[row]!)!);
  return countingSort(identity(rows.length), images, imageIndex.size).map((i) => lastRow.get(table.ids[rows[i]!]!)!);
}

function hasDuplicates(ids: Float64Array, name: string): boolean {
  let ascending = true;
  for (let row = 0; row < ids.length; row++) {
    if (Number.isNaN(ids[row])) throw new DataError(`CocoEval: expected an id for each annotation, got none in the ${name} at annotations[${row}]`);
    if (row > 0 && ids[row]! <= ids[row - 1]!) ascending = false;
  }
  if (ascending) return false;
  const sorted = ids.slice().sort();
  return sorted.some((id, i) => i > 0 && id === sorted[i - 1]);
}

function checkScores({ scores, ids }: AnnotationTable, rows: Uint32Array): void {
  for (const row of rows) {
    if (Number.isNaN(scores[row])) throw new DataError(`CocoEval: expected a score for each detection, got none for detection ${ids[row]}`);
  }
}

/** By class, then photo, then as in `order`. */
function stableOrder({ categories, images }: PlacedRows, classes: number, photos: number, order: Uint32Array): Uint32Array {
  return countingSort(countingSort(order, images, photos), categories, classes);
}

function countingSort(order: Uint32Array, keys: Uint32Array, range: number): Uint32Array {
  const starts = new Uint32Array(range + 1);
  for (const key of keys) starts[key + 1]!++;
  for (let key = 0; key < range; key++) starts[key + 1]! += starts[key]!;
  const sorted = new Uint32Array(order.length);
  for (const entry of order) sorted[starts[keys[entry]!]!++] = entry;
  return sorted;
}

function identity(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => i);
}
