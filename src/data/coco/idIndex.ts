// From ids to rows, as two flat arrays: a Map of two million ids takes ten times the memory.

/** Finds the row of an id; of rows with the same id it is the last, as in pycocotools' dictionaries. */
export class IdIndex {
  readonly #ids: Float64Array;
  /** Open addressing; row + 1, 0 where free. Its length is a power of two, at least twice the number of rows. */
  readonly #slots: Int32Array;

  /** @param ids [rows]; NaN stands for none and is not found */
  constructor(ids: Float64Array) {
    this.#ids = ids;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * ids.length + 2)));
    ids.forEach((id, row) => {
      if (!Number.isNaN(id)) this.#slots[this.#slotOf(id)] = row + 1;
    });
  }

  /** The row of an id, -1 where there is none. */
  row(id: number): number {
    return Number.isNaN(id) ? -1 : this.#slots[this.#slotOf(id)]! - 1;
  }

  /** Where the id is, or would be put. */
  #slotOf(id: number): number {
    const mask = this.#slots.length - 1;
    const hash = Math.imul(id ^ Math.imul(Math.floor(id / 0x1_0000_0000), 0x85ebca6b), 0x9e3779b1);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]! - 1;
      if (row < 0 || this.#ids[row] === id) return slot;
    }
  }
}
