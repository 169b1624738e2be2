import { describe, expect, it } from 'vitest';
import { DataError, ShapeError } from '../../src/errors.ts';
import { TopKAccuracy } from '../../src/evaluation/topk.ts';
import { Rng } from '../../src/random/rng.ts';

function accuracy(rows: number[][], labels: number[]) {
  const topk = new TopKAccuracy();
  topk.add(Float32Array.from(rows.flat()), Int32Array.from(labels), rows[0]?.length ?? 0);
  return topk.result();
}

describe('TopKAccuracy', () => {
  it('counts what a stable sort of the logits finds, over several batches', () => {
    const rng = new Rng(11);
    const topk = new TopKAccuracy();
    let top1 = 0;
    let top5 = 0;
    for (const size of [7, 1, 32]) {
      // Few distinct values: many ties.
      const logits = Float32Array.from({ length: size * 12 }, () => rng.integer(6) - 3);
      const labels = Int32Array.from({ length: size }, () => rng.integer(12));
      topk.add(logits, labels, 12);
      labels.forEach((label, b) => {
        const row = Array.from(logits.subarray(b * 12, b * 12 + 12));
        const sorted = row.map((_, i) => i).sort((i, j) => (row[j] ?? 0) - (row[i] ?? 0) || i - j);
        if (sorted[0] === label) top1++;
        if (sorted.slice(0, 5).includes(label)) top5++;
      });
    }
    expect(topk.result()).toEqual({ top1: top1 / 40, top5: top5 / 40, count: 40 });
    expect(top1).toBeGreaterThan(0);
    expect(top5).toBeGreaterThan(top1);
  });

  it('puts the lower class first among equals', () => {
    const equal = [1, 1, 1, 1, 1, 1];
    expect(accuracy([equal], [0])).toEqual({ top1: 1, top5: 1, count: 1 });
    expect(accuracy([equal], [4])).toEqual({ top1: 0, top5: 1, count: 1 });
    expect(accuracy([equal], [5])).toEqual({ top1: 0, top5: 0, count: 1 });
  });

  it('counts a sample with NaN as wrong, and infinities as numbers', () => {
    expect(accuracy([[NaN, 0, 0]], [0])).toEqual({ top1: 0, top5: 0, count: 1 });
    expect(accuracy([[0, 1, NaN]], [1])).toEqual({ top1: 0, top5: 0, count: 1 });
    expect(accuracy([[-Infinity, Infinity, 0]], [1])).toEqual({ top1: 1, top5: 1, count: 1 });
  });

  it('is always right within five of at most five classes', () => {
    expect(accuracy([[3, 2, 1], [1, 2, 3]], [2, 2])).toEqual({ top1: 0.5, top5: 1, count: 2 });
  });

  it('is zero before anything was added', () => {
    expect(new TopKAccuracy().result()).toEqual({ top1: 0, top5: 0, count: 0 });
  });

  it('names lengths that disagree and labels out of range', () => {
    const topk = new TopKAccuracy();
    expect(() => topk.add(new Float32Array(7), new Int32Array(2), 4)).toThrow(ShapeError);
    expect(() => topk.add(new Float32Array(8), Int32Array.of(0, 4), 4)).toThrow(DataError);
    expect(() => topk.add(new Float32Array(8), Int32Array.of(0, 4), 4)).toThrow('expected a class in [0, 4) for labels[1], got 4');
    expect(() => topk.add(new Float32Array(8), Int32Array.of(-1, 0), 4)).toThrow('for labels[0], got -1');
    expect(topk.result().count).toBe(0);
  });
});
