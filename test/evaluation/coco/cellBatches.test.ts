import { expect, it } from 'vitest';
import { cellBatches, inSteps } from '../../../src/evaluation/coco/cellBatches.ts';

const M = 2 ** 20;
const batchesOf = (sizes: readonly number[]) => {
  const before = [0];
  for (const size of sizes) before.push(before.at(-1)! + size);
  return cellBatches(sizes.length, (cell) => before[cell]!).map(({ first, end }) => [first, end]);
};

it('puts up to 2^20 into a batch, and what is larger alone', () => {
  expect(batchesOf([])).toEqual([]);
  expect(batchesOf([M - 1, 1, 1])).toEqual([[0, 2], [2, 3]]);
  expect(batchesOf([M, 1])).toEqual([[0, 1], [1, 2]]);
  expect(batchesOf([3 * M, 0, 5, M, M - 5])).toEqual([[0, 1], [1, 3], [3, 4], [4, 5]]);
});

it('runs 64 cells at a time', () => {
  const seen: number[][] = [];
  const cells = [[0, 0], [0, 64], [3, 131], [5, 70]] as const;
  for (const [first, end] of cells) inSteps(first, end, (from, to) => { seen.push([from, to]); });
  expect(seen).toEqual([[0, 64], [3, 67], [67, 131], [5, 69], [69, 70]]);
});
