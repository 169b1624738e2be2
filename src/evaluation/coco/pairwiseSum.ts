// numpy's sum of doubles, in its order of additions, so that means have the same last bit.
// Source: numpy, pairwise summation (umath/loops_utils.h): eight running sums in blocks of up to 128, halves above.

/** The sum of `values` from `start` on, `count` of them. */
export function pairwiseSum(values: ArrayLike<number>, start = 0, count = values.length): number {
  if (count < 8) {
    let sum = 0;
    for (let i = start; i < start + count; i++) sum += values[i]!;
    return sum;
  }
  if (count > 128) {
    const half = (count >> 1) - ((count >> 1) % 8);
    return pairwiseSum(values, start, half) + pairwiseSum(values, start + half, count - half);
  }
  const whole = start + count - (count % 8);
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = start; i < whole; i += 8) {
    a += values[i]!;
    b += values[i + 1]!;
    c += values[i + 2]!;
    d += values[i + 3]!;
    e += values[i + 4]!;
    f += values[i + 5]!;
    g += values[i + 6]!;
    h += values[i + 7]!;
  }
  let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
  for (let i = whole; i < start + count; i++) sum += values[i]!;
  return sum;
}
