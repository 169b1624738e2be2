// Results completed for evaluation: ids, areas, boxes and masks that follow from what each kind of result holds.
// Source: pycocotools 2.0.11, COCO.loadRes.

import { DataError } from '../../errors.ts';
import type { AnnotationTable } from './annotationTable.ts';
import type { CocoAnnotation, Segmentation } from './records.ts';
import { rleArea, rleBox, rleFromCounts, type Rle } from './rle.ts';
import { readRuns } from './rleString.ts';
import { SegmentationView } from './segmentationView.ts';

/** What the first result says about all of them. */
type ResultKind = 'bbox' | 'segm' | 'keypoints' | 'other';

/**
 * Results as an evaluation needs them. Ids become 1, 2, 3, …; then, by what the first result has:
 * - a box: areas are width * height; masks are the boxes where there are none; iscrowd 0
 * - a segmentation (run lengths): areas are the masks', boxes are the masks' where there are none; iscrowd 0
 * - keypoints: boxes reach from the smallest to the largest x and y, keypoints without a label included; areas are the boxes'
 * - anything else: as they are
 * @param isKnownImage whether the data set has a photo of this id
 * @param where what errors call the results
 * @throws DataError naming the result that is of a photo not in the data set, or lacks what the first one has
 */
export function completeResults(results: AnnotationTable, isKnownImage: (id: number) => boolean, where: string): AnnotationTable {
  const { count, imageIds, boxes, isCrowd } = results;
  const ids = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    if (!isKnownImage(imageIds[row]!)) {
      const got = Number.isNaN(imageIds[row]) ? 'no image_id' : `image_id ${imageIds[row]}`;
      throw new DataError(`loadRes: expected results of photos of this data set in ${where}, got ${got} in [${row}]`);
    }
    ids[row] = row + 1;
  }
  const kind = kindOf(results);
  if (kind === 'other') return { ...results, ids, record: (row) => ({ ...results.record(row), id: row + 1 }) };

  if (kind === 'segm') return withMaskAreas(results, ids, where);

  const areas = new Float64Array(count);
  const completed = { boxes: kind === 'bbox' ? boxes : boxes.slice(), areas };
  if (kind === 'bbox') completeBoxes(results, completed, where);
  else completeKeypoints(results, completed, where);

  const table: AnnotationTable = { ...results, ...completed, ids, isCrowd: kind === 'keypoints' ? isCrowd : new Uint8Array(count) };
  const record = (row: number): CocoAnnotation => ({
    ...results.record(row), area: areas[row]!, bbox: Array.from(completed.boxes.subarray(4 * row, 4 * row + 4)), id: row + 1,
  });
  if (kind === 'keypoints') return { ...table, record };

  const corners = (row: number): Segmentation => {
    const [x = 0, y = 0, width = 0, height = 0] = boxes.subarray(4 * row, 4 * row + 4);
    const [right, bottom] = [x + width, y + height];
    return [[x, y, x, bottom, right, bottom, right, y]];
  };
  const segmentation = (row: number): Segmentation => results.segmentation(row) ?? corners(row);
  return {
    ...table,
    segmentation,
    countBoxMasks: () => {
      const positions = results.segmentationText?.positions;
      let count = 0;
      for (let row = 0; row < results.count; row++) {
        if (positions === undefined ? results.segmentation(row) === undefined : positions[row] === 0) count++;
      }
      return count;
    },
    segmentationText: undefined,
    readSegmentation: (row, view) => {
      results.readSegmentation(row, view);
      if (view.kind === 'none') view.assign(corners(row));
    },
    record: (row) => ({ segmentation: corners(row), ...record(row), iscrowd: 0 }),
  };
}

/** Areas and boxes take as long as all the rest, and an evaluation of masks finds the areas on its way: only when asked for. */
function withMaskAreas(results: AnnotationTable, ids: Float64Array, where: string): AnnotationTable {
  let completed: Completed | undefined;
  const complete = (): Completed => {
    if (completed === undefined) {
      const found = { boxes: results.boxes.slice(), areas: new Float64Array(results.count) };
      completeMasks(results, found, where);
      completed = found;
    }
    return completed;
  };
  return {
    ...results,
    ids,
    isCrowd: new Uint8Array(results.count),
    areasAreOfMasks: true,
    get areas() { return complete().areas; },
    get boxes() { return complete().boxes; },
    record: (row) => {
      const { areas, boxes } = complete();
      const bbox = Array.from(boxes.subarray(4 * row, 4 * row + 4));
      return { ...results.record(row), area: areas[row]!, bbox, id: row + 1, iscrowd: 0 };
    },
  };
}

function kindOf(results: AnnotationTable): ResultKind {
  if (results.count === 0) return 'other';
  if (results.record(0)['caption'] !== undefined) return 'other';
  if (!Number.isNaN(results.boxes[0])) return 'bbox';
  if (results.segmentation(0) !== undefined) return 'segm';
  return results.keypoints(0) === undefined ? 'other' : 'keypoints';
}

interface Completed {
  readonly boxes: Float64Array;
  readonly areas: Float64Array;
}

function completeBoxes({ count }: AnnotationTable, { boxes, areas }: Completed, where: string): void {
  for (let row = 0; row < count; row++) {
    const at = 4 * row;
    if (Number.isNaN(boxes[at])) throw lacking('a bbox', where, row);
    areas[row] = boxes[at + 2]! * boxes[at + 3]!;
  }
}

function completeMasks(results: AnnotationTable, { boxes, areas }: Completed, where: string): void {
  const view = new SegmentationView();
  for (let row = 0; row < results.count; row++) {
    results.readSegmentation(row, view);
    const rle = runsOf(view, where, row);
    areas[row] = rleArea(rle);
    if (Number.isNaN(boxes[4 * row])) boxes.set(rleBox(rle), 4 * row);
  }
}

/** A view's mask, valid until the next one. */
function runsOf(view: SegmentationView, where: string, row: number): Rle {
  const { kind, height, width } = view;
  try {
    if (kind === 'string') {
      return { height, width, counts: readRuns(view.bytes, view.start, view.end, height * width, view.isEscaped) };
    }
    if (kind === 'counts') return rleFromCounts(view.numbers.subarray(0, view.numberCount), height, width);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`${error.message} (segmentation of result [${row}] in ${where})`);
    throw error;
  }
  throw lacking('a segmentation of run lengths { "size", "counts" }', where, row);
}

function completeKeypoints(results: AnnotationTable, { boxes, areas }: Completed, where: string): void {
  for (let row = 0; row < results.count; row++) {
    const keypoints = results.keypoints(row);
    if (keypoints === undefined || keypoints.length < 2) throw lacking('keypoints', where, row);
    const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
    keypoints.forEach((value, i) => {
      const axis = i % 3;
      if (axis === 2) return;
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    });
    const [x = 0, y = 0] = low;
    const [width, height] = [high[0]! - x, high[1]! - y];
    boxes.set([x, y, width, height], 4 * row);
    areas[row] = width * height;
  }
}

function lacking(what: string, where: string, row: number): DataError {
  return new DataError(`loadRes: expected ${what} in each result of ${where}, as in the first, got none in [${row}]`);
}
