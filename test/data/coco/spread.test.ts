import { describe, expect, it } from 'vitest';
import { histogram, spreadOf } from '../../../src/data/coco/spread.ts';

describe('spreadOf', () => {
  it.each([
    [[3, 1, 10], { min: 1, median: 3, mean: 14 / 3, max: 10 }],
    [[4, 1, 3, 2], { min: 1, median: 2.5, mean: 2.5, max: 4 }],
    [[NaN, 7, NaN], { min: 7, median: 7, mean: 7, max: 7 }],
    [[NaN], undefined],
    [[], undefined],
  ])('of %j is %j', (values, expected) => expect(spreadOf(Float64Array.from(values))).toEqual(expected));

  it('leaves the numbers as they were', () => {
    const values = Float64Array.of(2, 1);
    spreadOf(values);
    expect([...values]).toEqual([2, 1]);
  });
});

describe('histogram', () => {
  it('counts numbers above an edge and up to the next one', () => {
    expect(histogram(Float64Array.of(0, 1, 2, 2.5, 4, -3, 9, NaN), [-1, 0, 2, 4, 8])).toEqual([
      { above: -1, upTo: 0, count: 1 }, { above: 0, upTo: 2, count: 2 }, { above: 2, upTo: 4, count: 2 },
    ]);
  });

  it('has no bins for no numbers', () => expect(histogram(Float64Array.of(NaN), [0, 1])).toEqual([]));
});
