/** Cells from one on, up to another. */
export interface CellBatch {
  readonly first: number;
  readonly end: number;
}

/** About as much goes through a kernel's memory at a time, so that it stays small. */
const batchSize = 2 ** 20;

/**
 * All cells, in turn. A cell that is larger than a batch is one of its own.
 * @param sizeTo what the cells before one take together
 */
export function cellBatches(count: number, sizeTo: (cell: number) => number): CellBatch[] {
  const batches: CellBatch[] = [];
  for (let first = 0; first < count;) {
    const limit = sizeTo(first) + batchSize;
    let end = first + 1;
    while (end < count && sizeTo(end + 1) <= limit) end++;
    batches.push({ first, end });
    first = end;
  }
  return batches;
}

/**
 * Runs a kernel over a batch, a few cells at a time: what JavaScript calls often is compiled better than what runs on and on.
 * @param first of the cells, and `end` behind them, as the kernel counts
 */
export function inSteps(first: number, end: number, run: (first: number, end: number) => void): void {
  for (let cell = first; cell < end; cell += 64) run(cell, Math.min(cell + 64, end));
}
