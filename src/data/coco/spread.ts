// How numbers are spread, for statistics.

/** Of at least one number. */
export interface Spread {
  /** The smallest. */
  readonly min: number;
  /** The middle one; of an even number of them, the mean of the two in the middle. */
  readonly median: number;
  /** The arithmetic mean. */
  readonly mean: number;
  /** The greatest. */
  readonly max: number;
}

/** How many numbers are above `above` and at most `upTo`. */
export interface HistogramBin {
  /** Lower bound, exclusive. */
  readonly above: number;
  /** Upper bound, inclusive. */
  readonly upTo: number;
  /** Numbers between the two. */
  readonly count: number;
}

/** @returns undefined where there are no numbers; NaN does not count */
export function spreadOf(values: Float64Array): Spread | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return undefined;
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0]!,
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    max: sorted.at(-1)!,
  };
}

/**
 * Counts numbers between edges. Bins behind the largest number are left out.
 * @param edges ascending; what is not above the first, or above the last, is in no bin
 */
export function histogram(values: Float64Array, edges: readonly number[]): HistogramBin[] {
  const counts = new Array<number>(edges.length).fill(0);
  for (const value of values) {
    const bin = edges.findIndex((edge) => value <= edge);
    if (bin > 0) counts[bin]!++;
  }
  const last = counts.findLastIndex((count) => count > 0);
  return edges.slice(1, last + 1).map((upTo, i) => ({ above: edges[i]!, upTo, count: counts[i + 1]! }));
}
