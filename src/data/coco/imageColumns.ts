// The columns of photos while they are being read.

import { resized } from './growingColumns.ts';

/** The fixed-size part of ImageTable, being filled. Row `count` is the one being written; `commit` keeps it. */
export class ImageColumns {
  ids: Float64Array = new Float64Array(256);
  widths: Float64Array = new Float64Array(256);
  heights: Float64Array = new Float64Array(256);
  /** Where in their chunk records begin. */
  places: Uint32Array = new Uint32Array(256);
  count = 0;

  /** Starts row `count` with every field missing. */
  begin(): void {
    const row = this.count;
    if (row === this.ids.length) this.#resize(2 * row);
    this.ids[row] = this.widths[row] = this.heights[row] = NaN;
    this.places[row] = 0;
  }

  commit(): void {
    this.count++;
  }

  /** Adds rows, with whatever values. */
  grow(rows: number): void {
    this.count += rows;
    if (this.count > this.ids.length) this.#resize(2 * this.count);
  }

  /** Ends the columns behind row `count`. */
  trim(): void {
    this.#resize(this.count);
  }

  #resize(rows: number): void {
    this.ids = resized(this.ids, rows);
    this.widths = resized(this.widths, rows);
    this.heights = resized(this.heights, rows);
    this.places = resized(this.places, rows);
  }
}
