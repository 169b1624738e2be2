import type { CocoImage } from './records.ts';

/** Photos as columns, in the file's order. */
export interface ImageTable {
  /** Photos. */
  readonly count: number;
  /** [count]; NaN where missing */
  readonly ids: Float64Array;
  /** [count] px; NaN where missing */
  readonly widths: Float64Array;
  /** [count] px; NaN where missing */
  readonly heights: Float64Array;
  /** The whole entry as JSON.parse gives it, unknown keys included. */
  record(index: number): CocoImage;
}
