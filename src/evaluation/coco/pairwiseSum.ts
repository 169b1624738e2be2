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
  const lanes = new Float64Array(8);
  const whole = count - (count % 8);
  for (let i = 0; i < whole; i += 8) {
    for (let lane = 0; lane < 8; lane++) lanes[lane]! += values[start + i + lane]!;
  }
  let sum = ((lanes[0]! + lanes[1]!) + (lanes[2]! + lanes[3]!)) + ((lanes[4]! + lanes[5]!) + (lanes[6]! + lanes[7]!));
  for (let i = whole; i < count; i++) sum += values[start + i]!;
  return sum;
}
