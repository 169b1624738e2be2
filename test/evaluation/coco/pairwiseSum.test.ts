import { expect, it } from 'vitest';
import { pairwiseSum } from '../../../src/evaluation/coco/pairwiseSum.ts';
import { Rng } from '../../../src/random/rng.ts';

/** numpy's definition, block by block. */
function slowly(values: readonly number[]): number {
  const n = values.length;
  if (n > 128) {
    const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
    return slowly(values.slice(0, half)) + slowly(values.slice(half));
  }
  const plain = (list: readonly number[], start: number) => list.reduce((sum, value) => sum + value, start);
  if (n < 8) return plain(values, 0);
  const whole = n - (n % 8);
  const sums = Array.from({ length: 8 }, (_, k) => plain(values.slice(0, whole).filter((_, i) => i % 8 === k), 0));
  const [a, b, c, d, e, f, g, h] = sums as [number, number, number, number, number, number, number, number];
  return plain(values.slice(whole), ((a + b) + (c + d)) + ((e + f) + (g + h)));
}

it("adds in numpy's order, of any number of values, from any place on", () => {
  const rng = new Rng(3);
  for (const count of [0, 1, 7, 8, 9, 15, 16, 127, 128, 129, 136, 255, 256, 257, 272, 300, 1000]) {
    const values = Array.from({ length: count + 5 }, () => rng.normal() * 10 ** rng.integer(9));
    expect(pairwiseSum(values.slice(0, count)), `${count}`).toBe(slowly(values.slice(0, count)));
    expect(pairwiseSum(values, 3, count), `${count} from 3 on`).toBe(slowly(values.slice(3, 3 + count)));
  }
});
