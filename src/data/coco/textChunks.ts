// A file's text in memory, in pieces that each hold whole records: no piece is near the limits that V8 sets to strings (512 MB)
// and to arrays (4 GiB), and a record's place in its piece is a small integer.

/** One piece. */
export interface TextChunk {
  /** Ends with a NUL at `limit`. */
  readonly bytes: Uint8Array;
  /** The piece's text is [0, limit). */
  readonly limit: number;
  /** Where in the file its first byte was. */
  readonly offset: number;
  /** Rows read before this piece began. */
  readonly firstImage: number;
  readonly firstAnnotation: number;
}

/** The piece that holds a row. */
export function chunkOfRow(chunks: readonly TextChunk[], rows: 'firstImage' | 'firstAnnotation', row: number): TextChunk {
  let low = 0;
  for (let high = chunks.length - 1; low < high;) {
    const middle = (low + high + 1) >> 1;
    if (chunks[middle]![rows] <= row) low = middle;
    else high = middle - 1;
  }
  return chunks[low]!;
}

/** Line and column, from 1, of a byte; a column is a character of Unicode. */
export function lineAndColumn(chunks: readonly Pick<TextChunk, 'bytes' | 'limit' | 'offset'>[], position: number): { line: number; column: number } {
  let line = 1;
  let column = 1;
  for (const { bytes, limit, offset } of chunks) {
    const end = Math.min(limit, position - offset);
    for (let at = 0; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === 0x0a) {
        line++;
        column = 1;
      } else if ((byte & 0xc0) !== 0x80) column++;
    }
  }
  return { line, column };
}
