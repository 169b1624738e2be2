// Telling an object's keys apart without making strings of them.

const QUOTE = 0x22;

/**
 * Keys, in ASCII, to tell apart while reading. Records of a file mostly have their keys in the same order, so the key that came
 * after the last one in the record before is tried first.
 */
export class KeySet {
  readonly names: readonly string[];
  /** The names in quotes. */
  readonly #spelled: readonly Uint8Array[];
  /** [names + 1] by the key read last (0 for one of no name, place + 1): the place of the key that came after it, -1 for none. */
  readonly #after: Int8Array;
  #last = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#spelled = names.map((name) => new TextEncoder().encode(`"${name}"`));
    this.#after = new Int8Array(names.length + 1).fill(-1);
  }

  /**
   * Tries the key that is likely to come.
   * @returns its place when the bytes at `at` spell it in quotes, else -1
   */
  guess(bytes: Uint8Array, at: number): number {
    const place = this.#after[this.#last]!;
    if (place < 0 || !this.#isAt(place, bytes, at)) return -1;
    this.#last = place + 1;
    return place;
  }

  /** The place of the key in quotes that is the bytes [start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const place = this.#spelled.findIndex((spelled, i) => spelled.length === end - start && this.#isAt(i, bytes, start));
    this.#after[this.#last] = place;
    this.#last = place + 1;
    return place;
  }

  /** Bytes that a key in quotes takes. */
  lengthOf(place: number): number {
    return this.#spelled[place]!.length;
  }

  #isAt(place: number, bytes: Uint8Array, at: number): boolean {
    const spelled = this.#spelled[place]!;
    if (bytes[at] !== QUOTE) return false;
    for (let i = 1; i < spelled.length; i++) if (bytes[at + i] !== spelled[i]) return false;
    return true;
  }
}
