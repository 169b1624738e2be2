// The annotations of an evaluation sorted into cells: one per class and photo that has objects or detections. Everything is row
// numbers of the two tables in a few flat arrays, so that no object is made per annotation.
// Source: pycocotools 2.0.11, COCOeval._prepare: which annotations count, and in which order.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { IdIndex } from '../../data/coco/idIndex.ts';
import { DataError } from '../../errors.ts';
import { CellKernel, type EvaluationCells } from './cellKernel.ts';
import type { CocoParameters } from './cocoParameters.ts';

/**
 * Sorts annotations into cells.
 * @throws DataError naming an annotation without an id, or a detection without a score
 */
export function groupIntoCells(truth: AnnotationTable, detected: AnnotationTable, parameters: CocoParameters): EvaluationCells {
  const kernel = new CellKernel(truth, detected, parameters);
  return kernel.sort(
    rowsToTake(truth, parameters, 'ground truth', kernel),
    rowsToTake(detected, parameters, 'detections', kernel),
  );
}

/**
 * Which rows to look at: all of them in the file's order, undefined, unless an id occurs twice. Then they come by photo, and each
 * stands for the last one with its id, as pycocotools looks annotations up by id.
 */
function rowsToTake(
  { ids, imageIds, categoryIds, count }: AnnotationTable, parameters: CocoParameters, name: string, kernel: CellKernel,
): Uint32Array | undefined {
  const { repeated, missing } = kernel.checkIds(ids);
  if (missing !== undefined) {
    throw new DataError(`CocoEval: expected an id for each annotation, got none in the ${name} at annotations[${missing}]; number them from 1`);
  }
  if (!repeated) return undefined;
  const index = new IdIndex(ids);
  const photos = new IdIndex(Float64Array.from(parameters.imageIds));
  const classes = parameters.useCats ? new IdIndex(Float64Array.from(parameters.categoryIds)) : undefined;
  const images = Int32Array.from(imageIds, (id) => photos.row(id));
  return Uint32Array.from({ length: count }, (_, row) => row)
    .filter((row) => images[row] !== -1 && (classes === undefined || classes.row(categoryIds[row]!) !== -1))
    .sort((a, b) => images[a]! - images[b]! || a - b)
    .map((row) => index.row(ids[row]!));
}

/**
 * The cell of a class and a photo, -1 where there is none.
 * @param category index of the class, 0 without useCats
 * @param imageIds of the parameters, ascending
 */
export function findCell(
  { count, categories, images }: EvaluationCells, category: number, imageId: number, imageIds: readonly number[],
): number {
  const image = search(imageIds.length, (i) => imageIds[i]! - imageId);
  return image === -1 ? -1 : search(count, (cell) => categories[cell]! - category || images[cell]! - image);
}

/** The place that compares as 0 among ascending ones, or -1. */
function search(count: number, compare: (place: number) => number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(middle) < 0) low = middle + 1;
    else high = middle;
  }
  return low < count && compare(low) === 0 ? low : -1;
}
