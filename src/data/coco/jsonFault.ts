// Why JsonScanner stops.

/** Thrown when the bytes end inside a value and more may follow. */
export const NEEDS_MORE = new Error('JsonScanner: the bytes end inside a value');

/** The text is wrong at a byte. */
export class JsonFault extends Error {
  override name = 'JsonFault';
  readonly position: number;
  readonly expected: string;

  constructor(position: number, expected: string) {
    super(`expected ${expected} at byte ${position}`);
    this.position = position;
    this.expected = expected;
  }
}
