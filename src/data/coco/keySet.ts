// Telling an object's keys apart without making strings of them.

/** Keys, in ASCII, to tell apart while reading. */
export class KeySet {
  readonly names: readonly string[];
  /** By length, the places in `names`. */
  readonly #ofLength: readonly (readonly number[])[];

  constructor(names: readonly string[]) {
    this.names = names;
    const longest = Math.max(...names.map((name) => name.length));
    this.#ofLength = Array.from({ length: longest + 1 }, (_, length) =>
      [...names.keys()].filter((place) => names[place]!.length === length));
  }

  /** The place of the key that the bytes [start, end) spell, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length >= this.#ofLength.length) return -1;
    for (const place of this.#ofLength[length]!) {
      const name = this.names[place]!;
      let at = 0;
      while (at < length && bytes[start + at] === name.charCodeAt(at)) at++;
      if (at === length) return place;
    }
    return -1;
  }
}
