import { describe, expect, it } from 'vitest';
import { limitedCrop } from '../../../src/data/transforms/limitedCrop.ts';
import type { LabelMap } from '../../../src/data/transforms/resizeNearest.ts';
import { Rng } from '../../../src/random/rng.ts';

/** 40 x 10: class 0 left of x, class 1 from there on. */
const whole = { width: 40, height: 10 };
const split = (x: number): LabelMap => ({ data: Uint8Array.from({ length: 400 }, (_, i) => (i % 40 < x ? 0 : 1)), ...whole });
const crop = { width: 10, height: 10 };
const boxes = (map: LabelMap, mostOfOneClass: number, count = 300, resized = whole) =>
  Array.from({ length: count }, (_, i) => limitedCrop(map, resized, crop, mostOfOneClass, new Rng(1, i)));

describe('limitedCrop', () => {
  it('finds boxes in which no class has the limit or more', () => {
    // A box at x holds 20 - x columns of class 0 of its 10: less than 75 % of each for x = 13 … 17.
    const found = boxes(split(20), 0.75);
    const good = found.filter(({ x }) => x >= 13 && x <= 17);
    // The chance of ten misses out of 31 places: (26 / 31) ** 10 = 17 %; the eleventh is as it is.
    expect(good.length / found.length).toBeGreaterThan(0.8);
    expect(good.length / found.length).toBeLessThan(0.93);
    // The limit itself is too much: boxes of 20 columns at 0 and 10 hold 75 % of one class, those at 1 … 9 less.
    const wide = { width: 20, height: 10 };
    const atLimit = Array.from({ length: 500 }, (_, i) => limitedCrop(split(15), whole, wide, 0.75, new Rng(2, i)));
    expect(atLimit.filter(({ x }) => x === 0 || x === 10).length).toBeLessThan(5);
    expect(atLimit.filter(({ x }) => x === 1 || x === 9).length).toBeGreaterThan(60);
  });

  it('takes the first box without a limit', () => {
    const found = boxes(split(20), 1, 2000).map(({ x }) => x);
    const counts = Array.from({ length: 31 }, (_, x) => found.filter((each) => each === x).length);
    expect(Math.min(...counts)).toBeGreaterThan(35); // 64.5 each
    expect(Math.max(...counts)).toBeLessThan(100);
  });

  it('takes an eleventh box where there is one class only', () => {
    for (const seed of [1, 2, 3]) {
      const rng = new Rng(seed);
      const box = limitedCrop(split(40), whole, crop, 0.75, rng);
      const drawn = new Rng(seed);
      const places = Array.from({ length: 11 }, () => ({ y: drawn.integer(1), x: drawn.integer(31) }));
      expect(box).toEqual({ ...places.at(-1), ...crop });
      expect(rng.uint32()).toBe(drawn.uint32());
    }
  });

  it('leaves ignored pixels out of the count', () => {
    // Ignored but for two columns, one of each class, side by side: no box holds a class alone beyond the limit once both are in.
    const data = Uint8Array.from({ length: 400 }, (_, i) => (i % 40 === 19 ? 0 : i % 40 === 20 ? 1 : 255));
    const found = boxes({ data, width: 40, height: 10 }, 0.75);
    const both = found.filter(({ x }) => x >= 11 && x <= 19);
    // 9 of 31 places: the chance of ten misses is 3 %.
    expect(both.length / found.length).toBeGreaterThan(0.92);
  });

  it('judges the resized map', () => {
    // Three times as wide: class 1 from x = 60 on, boxes at 51 … 57 … hold both.
    const map = split(20);
    for (const { x } of boxes(map, 0.75, 100, { width: 120, height: 30 })) {
      expect(x).toBeLessThanOrEqual(110);
    }
    const good = boxes(map, 0.75, 300, { width: 120, height: 30 }).filter(({ x }) => x > 52 && x < 58).length;
    // 5 of 111 places: 1 - (106 / 111) ** 10 = 37 % instead of 4.5 %.
    expect(good / 300).toBeGreaterThan(0.28);
  });

  it('is the whole map where that is smaller, and draws nothing then', () => {
    const rng = new Rng(4);
    expect(limitedCrop(split(20), whole, { width: 64, height: 64 }, 0.75, rng)).toEqual({ x: 0, y: 0, ...whole });
    expect(rng.uint32()).toBe(new Rng(4).uint32());
    const narrow = limitedCrop(split(20), whole, { width: 64, height: 4 }, 0.75, rng);
    expect(narrow).toMatchObject({ x: 0, width: 40, height: 4 });
  });
});
