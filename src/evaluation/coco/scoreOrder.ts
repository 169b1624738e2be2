// Sorting by score, best first, without disturbing the order of equals: numpy.argsort(-scores, kind='mergesort').

/**
 * Sorts rows by their score.
 * @param rows [n] indices into `scores`
 * @param scores no NaN
 * @returns [n] the rows, highest score first, equal scores in the given order
 */
export function sortByScore(rows: Uint32Array, scores: Float64Array): Uint32Array {
  const { length } = rows;
  // A double's bits order like the double once negative ones are inverted and positive ones get the top bit; all inverted again,
  // the highest comes first. Then one pass per byte, the lowest first; passes in which all bytes are equal are left out.
  const value = new Float64Array(1);
  const bits = new Uint32Array(value.buffer);
  const low = new Uint32Array(length);
  const high = new Uint32Array(length);
  const histograms = new Uint32Array(8 * 256);
  for (let i = 0; i < length; i++) {
    value[0] = scores[rows[i]!]! + 0; // -0 becomes 0
    const negative = bits[1]! >= 0x8000_0000;
    const l = negative ? bits[0]! : ~bits[0]!;
    const h = negative ? bits[1]! : ~bits[1]! ^ 0x8000_0000;
    low[i] = l;
    high[i] = h;
    for (let byte = 0; byte < 4; byte++) {
      histograms[byte * 256 + ((l >>> (8 * byte)) & 255)]!++;
      histograms[(byte + 4) * 256 + ((h >>> (8 * byte)) & 255)]!++;
    }
  }
  let order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  let next = new Uint32Array(length);
  for (let byte = 0; byte < 8; byte++) {
    const starts = histograms.subarray(256 * byte, 256 * (byte + 1));
    const key = byte < 4 ? low : high;
    const shift = 8 * (byte & 3);
    if (length === 0 || starts[(key[0]! >>> shift) & 255] === length) continue;
    let start = 0;
    for (let digit = 0; digit < 256; digit++) {
      const count = starts[digit]!;
      starts[digit] = start;
      start += count;
    }
    for (let i = 0; i < length; i++) {
      const at = order[i]!;
      next[starts[(key[at]! >>> shift) & 255]!++] = at;
    }
    [order, next] = [next, order];
  }
  for (let i = 0; i < length; i++) order[i] = rows[order[i]!]!;
  return order;
}
