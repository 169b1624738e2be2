// The columns of annotations while they are being read.

import { resized } from './growingColumns.ts';

/** The fixed-size part of AnnotationTable, being filled. Row `count` is the one being written; `commit` keeps it. */
export class AnnotationColumns {
  ids: Float64Array;
  imageIds: Float64Array;
  categoryIds: Float64Array;
  boxes: Float64Array;
  areas: Float64Array;
  scores: Float64Array;
  isCrowd: Uint8Array;
  keypointCounts: Float64Array;
  /** Where in their chunk records begin. */
  places: Uint32Array;
  /** Where in their chunk segmentations begin; 0 where there are none. */
  segmentationPlaces: Uint32Array;
  /** Where in their chunk segmentations end. */
  segmentationEnds: Uint32Array;
  /** Where in their chunk keypoints begin; 0 where there are none. */
  keypointPlaces: Uint32Array;
  count = 0;
  /** Whether an annotation's own id was met that doubles round: see expectOwnIds. */
  hasRoundedIds = false;

  constructor(capacity = 1024) {
    this.ids = new Float64Array(capacity);
    this.imageIds = new Float64Array(capacity);
    this.categoryIds = new Float64Array(capacity);
    this.boxes = new Float64Array(4 * capacity);
    this.areas = new Float64Array(capacity);
    this.scores = new Float64Array(capacity);
    this.isCrowd = new Uint8Array(capacity);
    this.keypointCounts = new Float64Array(capacity);
    this.places = new Uint32Array(capacity);
    this.segmentationPlaces = new Uint32Array(capacity);
    this.segmentationEnds = new Uint32Array(capacity);
    this.keypointPlaces = new Uint32Array(capacity);
  }

  /** Adds rows, with whatever values. @param expected rows in all, where known */
  grow(rows: number, expected: number): void {
    this.count += rows;
    if (this.count > this.ids.length) this.#resize(Math.max(2 * this.count, expected));
  }

  /** Starts row `count` with every field missing. */
  begin(): void {
    const row = this.count;
    if (row === this.ids.length) this.#resize(Math.max(1, 2 * row));
    this.ids[row] = this.imageIds[row] = this.categoryIds[row] = NaN;
    this.areas[row] = this.scores[row] = this.keypointCounts[row] = NaN;
    this.clearBox();
    this.isCrowd[row] = 255;
    this.places[row] = this.segmentationPlaces[row] = this.segmentationEnds[row] = this.keypointPlaces[row] = 0;
  }

  /** Makes the box of row `count` missing. */
  clearBox(): void {
    const at = 4 * this.count;
    this.boxes[at] = this.boxes[at + 1] = this.boxes[at + 2] = this.boxes[at + 3] = NaN;
  }

  commit(): void {
    this.count++;
  }

  /** Ends the columns behind row `count`. */
  trim(): void {
    this.#resize(this.count);
  }

  #resize(rows: number): void {
    this.ids = resized(this.ids, rows);
    this.imageIds = resized(this.imageIds, rows);
    this.categoryIds = resized(this.categoryIds, rows);
    this.boxes = resized(this.boxes, 4 * rows);
    this.areas = resized(this.areas, rows);
    this.scores = resized(this.scores, rows);
    this.isCrowd = resized(this.isCrowd, rows);
    this.keypointCounts = resized(this.keypointCounts, rows);
    this.places = resized(this.places, rows);
    this.segmentationPlaces = resized(this.segmentationPlaces, rows);
    this.segmentationEnds = resized(this.segmentationEnds, rows);
    this.keypointPlaces = resized(this.keypointPlaces, rows);
  }
}
