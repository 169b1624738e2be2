import { describe, expect, it } from 'vitest';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';
import { fixed } from '../../../src/evaluation/coco/summary.ts';
import { errorExample } from './errorExample.ts';

describe('fixed', () => {
  // Python's '%.*f'.
  it.each<[number, number, string]>([
    [0.125, 2, '0.12'], [0.375, 2, '0.38'], [-0.125, 2, '-0.12'], [-0.375, 2, '-0.38'], [0.0625, 3, '0.062'], [0.1875, 3, '0.188'],
    [-0.0625, 3, '-0.062'], [0.5, 0, '0'], [1.5, 0, '2'], [2.5, 0, '2'], [-2.5, 0, '-2'], [0.25, 1, '0.2'], [0.75, 1, '0.8'],
    [0.3125, 3, '0.312'], [0.4375, 3, '0.438'], [0.9375, 3, '0.938'], [0.0005, 3, '0.001'], [0.0015, 3, '0.002'], [0.0025, 3, '0.003'],
    [0.5005, 3, '0.500'], [0.1235, 3, '0.123'], [0.2345, 3, '0.234'], [1.0005, 3, '1.000'], [0.0045, 3, '0.004'], [0.1, 3, '0.100'],
    [0.5625, 3, '0.562'], [1 / 3, 3, '0.333'], [2 / 3, 3, '0.667'], [-1, 3, '-1.000'], [0, 3, '0.000'], [1, 3, '1.000'], [0.95, 2, '0.95'], [0.505, 2, '0.51'],
    [1.005, 2, '1.00'], [0.015, 2, '0.01'], [0.045, 2, '0.04'], [0.115, 2, '0.12'], [1e10, 2, '10000000000.00'], [2.675, 2, '2.67'],
  ])('prints %d with %i decimals as %s', (value, decimals, text) => {
    expect(fixed(value, decimals)).toBe(text);
  });
});

describe('CocoEval.summarize', () => {
  const tiny = [0, 50]; // no object
  const sizes = { ranges: [[0, 1024], [1024, 9216], [9216, 1e10]], labels: ['small', 'medium', 'large'] };
  const repeated = (maxDets: number[], firstRanges: number[][]): CocoOptions => ({
    iouType: 'bbox', maxDets,
    areaRanges: [...firstRanges, ...sizes.ranges] as [number, number][],
    areaLabels: [...firstRanges.map(() => 'all'), ...sizes.labels],
  });

  // As numpy indexes by two lists: one label with each limit, each label with one limit, or pairs.
  it.each<[string, CocoOptions]>([
    ['a label twice', repeated([1, 10, 100], [[0, 1e10], tiny])],
    ['a limit twice', repeated([1, 100, 100], [[0, 1e10]])],
    ['both twice', repeated([1, 100, 100], [[0, 1e10], tiny])],
    ['both twice, the other way round', repeated([1, 100, 100], [tiny, [0, 1e10]])],
  ])('averages what is found where there is %s', async (_, options) => {
    const expected = (await errorExample()).summarize().stats;
    const { stats } = (await errorExample({}, options)).summarize();
    [0, 1, 2, 3, 6, 8, 9].forEach((i) => expect(stats[i], `${i}`).toBeCloseTo(expected[i]!, 14));
    expect(stats.slice(4, 6)).toEqual([-1, -1]);
  });

  it('refuses labels and limits that occur twice, but not equally often', async () => {
    const evaluation = await errorExample({}, repeated([1, 100, 100], [[0, 1e10], tiny, tiny]));
    expect(() => evaluation.summarize()).toThrow('expected no label in areaLabels and no number in maxDets to occur twice, got both');
  });

  it('needs three limits, and prints each number in a line', async () => {
    const few = await errorExample({}, { iouType: 'bbox', maxDets: [1, 10] });
    expect(() => few.summarize()).toThrow('CocoEval.summarize: expected three maxDets, got [1,10]');
    const { lines } = (await errorExample()).summarize();
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.252');
    expect(lines[2]).toBe(' Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.252');
    expect(lines[9]).toBe(' Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.250');
  });
});
