// Rows grouped by what one of their columns says, for instance annotations by photo.

import { IdIndex } from './idIndex.ts';

/** Rows by key, in one array; rows of one key in order. */
export class RowGroups {
  /** [groups] the keys, in the order of their first rows. */
  readonly keys: Float64Array;
  readonly #index: IdIndex;
  readonly #starts: Int32Array;
  readonly #rows: Int32Array;

  /** @param column [rows]; rows with NaN are in no group */
  constructor(column: Float64Array) {
    const last = new IdIndex(column);
    // The last row of a key stands for the key until keys are numbered.
    const groupOfLast = new Int32Array(column.length).fill(-1);
    const keys: number[] = [];
    const sizes: number[] = [];
    const groups = Int32Array.from(column, (key) => {
      const row = last.row(key);
      if (row < 0) return -1;
      if (groupOfLast[row] === -1) {
        groupOfLast[row] = keys.length;
        keys.push(key);
        sizes.push(0);
      }
      const group = groupOfLast[row]!;
      sizes[group]!++;
      return group;
    });
    this.keys = Float64Array.from(keys);
    this.#index = new IdIndex(this.keys);
    this.#starts = new Int32Array(keys.length + 1);
    sizes.forEach((size, group) => { this.#starts[group + 1] = this.#starts[group]! + size; });
    this.#rows = new Int32Array(this.#starts[keys.length]!);
    const next = this.#starts.slice();
    groups.forEach((group, row) => {
      if (group >= 0) this.#rows[next[group]!++] = row;
    });
  }

  /** The rows of a key, in order; none for a key that no row has. A view: leave it as it is. */
  rows(key: number): Int32Array {
    const group = this.#index.row(key);
    return group < 0 ? this.#rows.subarray(0, 0) : this.#rows.subarray(this.#starts[group], this.#starts[group + 1]);
  }
}
