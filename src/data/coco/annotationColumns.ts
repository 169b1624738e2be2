// The columns of annotations while they are being read.

import { copyOf } from './growingColumns.ts';

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
  count = 0;

  constructor(capacity = 1024) {
    this.ids = new Float64Array(capacity);
    this.imageIds = new Float64Array(capacity);
    this.categoryIds = new Float64Array(capacity);
    this.boxes = new Float64Array(4 * capacity);
    this.areas = new Float64Array(capacity);
    this.scores = new Float64Array(capacity);
    this.isCrowd = new Uint8Array(capacity);
    this.keypointCounts = new Float64Array(capacity);
  }

  /** Starts row `count` with every field missing. */
  begin(): void {
    const row = this.count;
    if (row === this.ids.length) this.#resize(Math.max(1, 2 * row));
    this.ids[row] = this.imageIds[row] = this.categoryIds[row] = NaN;
    this.areas[row] = this.scores[row] = this.keypointCounts[row] = NaN;
    this.clearBox();
    this.isCrowd[row] = 255;
  }

  /** Makes the box of row `count` missing. */
  clearBox(): void {
    const at = 4 * this.count;
    this.boxes[at] = this.boxes[at + 1] = this.boxes[at + 2] = this.boxes[at + 3] = NaN;
  }

  commit(): void {
    this.count++;
  }

  /** Gives back what was reserved and not used. */
  trim(): void {
    this.#resize(this.count);
  }

  #resize(rows: number): void {
    this.ids = copyOf(this.ids, new Float64Array(rows));
    this.imageIds = copyOf(this.imageIds, new Float64Array(rows));
    this.categoryIds = copyOf(this.categoryIds, new Float64Array(rows));
    this.boxes = copyOf(this.boxes, new Float64Array(4 * rows));
    this.areas = copyOf(this.areas, new Float64Array(rows));
    this.scores = copyOf(this.scores, new Float64Array(rows));
    this.isCrowd = copyOf(this.isCrowd, new Uint8Array(rows));
    this.keypointCounts = copyOf(this.keypointCounts, new Float64Array(rows));
  }
}
