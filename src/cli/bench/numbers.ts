// What benchmarks say of the numbers that they took.

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Bytes in MiB, without decimals. */
export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
