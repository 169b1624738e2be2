// Sorting by score, best first, without disturbing the order of equals: numpy.argsort(-scores, kind='mergesort').

/** Of eleven bits. */
const DIGITS = 2048;

/**
 * Sorts rows by their score.
 * @param rows [n] indices into `scores`
 * @param scores no NaN
 * @returns [n] the rows, highest score first, equal scores in the given order
 */
export function sortByScore(rows: Uint32Array, scores: Float64Array): Uint32Array {
  const { length } = rows;
  // A double's bits order like the double once negative ones are inverted and positive ones get the top bit; all inverted again,
  // the highest comes first. Sorted by the upper 32 of them, digit by digit; few scores have those alike and are left to do.
  const value = new Float64Array(1);
  const bits = new Uint32Array(value.buffer);
  const high = new Uint32Array(length);
  const starts = [0, 1, 2].map(() => new Uint32Array(DIGITS + 1));
  const [lowest, middle, highest] = starts as [Uint32Array, Uint32Array, Uint32Array];
  for (let i = 0; i < length; i++) {
    value[0] = scores[rows[i]!]! + 0; // -0 becomes 0
    const upper = bits[1]!;
    const key = (upper & 0x8000_0000) === 0 ? upper ^ 0x7fff_ffff : upper;
    high[i] = key;
    lowest[(key & 2047) + 1]!++;
    middle[((key >>> 11) & 2047) + 1]!++;
    highest[(key >>> 22) + 1]!++;
  }
  let order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  let next = new Uint32Array(length);
  for (let pass = 0; pass < 3; pass++) {
    const start = starts[pass]!;
    for (let digit = 0; digit < DIGITS; digit++) start[digit + 1]! += start[digit]!;
    for (let i = 0; i < length; i++) {
      const at = order[i]!;
      next[start[(high[at]! >>> (11 * pass)) & 2047]!++] = at;
    }
    [order, next] = [next, order];
  }
  for (let i = 0; i < length;) {
    let end = i + 1;
    while (end < length && high[order[end]!] === high[order[i]!]) end++;
    if (end - i > 1) sortAlike(order.subarray(i, end), rows, scores);
    i = end;
  }
  for (let i = 0; i < length; i++) order[i] = rows[order[i]!]!;
  return order;
}

/** Sorts a few of them; equal ones stay in their order, as the engine's sort is stable. */
function sortAlike(order: Uint32Array, rows: Uint32Array, scores: Float64Array): void {
  const first = scores[rows[order[0]!]!]!;
  if (order.every((i) => scores[rows[i]!] === first)) return;
  order.sort((a, b) => scores[rows[b]!]! - scores[rows[a]!]! || a - b);
}
