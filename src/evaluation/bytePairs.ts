// How often each pair of bytes meets in two equally long arrays: the inner loop of the confusion matrix.
// Label maps are smooth, so four pixels that repeat the four before them (a word of each array) are counted together; words that
// differ cost four increments. With 150 classes the part of the table in use fits into a second-level cache.

export class BytePairs {
  /** [256 * 256]: how often byte `row` of the first array met byte `column` of the second; wraps at 2^32. */
  readonly counts = new Uint32Array(65_536);

  /**
   * Counts all pairs.
   * @param sign -1 takes them away again
   */
  add(rows: Uint8Array | Uint8ClampedArray, columns: Uint8Array | Uint8ClampedArray, sign: 1 | -1 = 1): void {
    const { counts } = this;
    const a = wordsOf(rows);
    const b = wordsOf(columns);
    const end = a.length;
    let i = 0;
    while (i < end) {
      const start = i;
      const p = a[i]!;
      const q = b[i]!;
      i++;
      while (i < end && a[i] === p && b[i] === q) i++;
      const run = (i - start) * sign;
      counts[((p & 0xff) << 8) | (q & 0xff)]! += run;
      counts[(p & 0xff00) | ((q >>> 8) & 0xff)]! += run;
      counts[((p >>> 8) & 0xff00) | ((q >>> 16) & 0xff)]! += run;
      counts[((p >>> 16) & 0xff00) | (q >>> 24)]! += run;
    }
    for (let rest = end * 4; rest < rows.length; rest++) counts[(rows[rest]! << 8) | columns[rest]!]! += sign;
  }
}

/** The bytes as words, in the machine's order; up to three at the end are left out. */
function wordsOf(bytes: Uint8Array | Uint8ClampedArray): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
