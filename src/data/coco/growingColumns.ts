// Columns that grow by doubling.

/** A column of doubles. */
export class NumberColumn {
  #values = new Float64Array(256);

  set(row: number, value: number): void {
    if (row >= this.#values.length) this.#values = copyOf(this.#values, new Float64Array(2 * row));
    this.#values[row] = value;
  }

  /** The first `count` values. */
  values(count: number): Float64Array {
    return this.#values.slice(0, count);
  }
}

/** A column of byte positions. */
export class PositionColumn {
  #values = new Uint32Array(256);

  set(row: number, value: number): void {
    if (row >= this.#values.length) this.#values = copyOf(this.#values, new Uint32Array(2 * row));
    this.#values[row] = value;
  }

  /** The first `count` positions. */
  values(count: number): Uint32Array {
    return this.#values.slice(0, count);
  }
}

/** `longer` with the values of `column` at its front. */
export function copyOf<Column extends Float64Array | Uint32Array | Uint8Array>(column: Column, longer: Column): Column {
  longer.set(column.subarray(0, longer.length));
  return longer;
}
