import { describe, expect, it } from 'vitest';
import { bandsOver } from '../../src/tasks/photoBands.ts';
import { windowsOver } from '../../src/tasks/slidingWindow.ts';

/** Windows of 512 over a view of 4000 x `width`, 150 classes. */
const sliding = (width: number) => ({ width, windows: windowsOver(4000, width, 512, 341), bytes: 128 * 128 * 150 * 4, rows: 2 });

function covered(size: { height: number; width: number }, bands: ReturnType<typeof bandsOver>): boolean {
  const area = bands.reduce((sum, { height, width }) => sum + height * width, 0);
  const isInside = bands.every(({ top, left, height, width }) => top + height <= size.height && left + width <= size.width);
  return isInside && area === size.height * size.width;
}

describe('bandsOver', () => {
  const phone = { height: 4000, width: 6000 };

  it('cuts rows whose logits take at most 24 MB, at least one', () => {
    const bands = bandsOver(phone, 150, []);
    expect(bands.slice(0, 2)).toEqual([0, 6].map((top) => ({ top, left: 0, height: 6, width: 6000 })));
    expect(bands.at(-1)).toEqual({ top: 3996, left: 0, height: 4, width: 6000 });
    expect(covered(phone, bands)).toBe(true);
    const wide = [0, 1].map((top) => ({ top, left: 0, height: 1, width: 200_000 }));
    expect(bandsOver({ height: 2, width: 200_000 }, 255, [])).toEqual(wide);
  });

  it('cuts columns where the windows over the whole width would be too many, and not before', () => {
    const lefts = (views: number) => {
      const bands = bandsOver(phone, 150, Array.from({ length: views }, () => sliding(6000)));
      expect(covered(phone, bands)).toBe(true);
      return [...new Set(bands.map(({ left }) => left))];
    };
    expect(lefts(1)).toEqual([0]); // 18 windows in 2 rows of 9.8 MB each: 354 MB
    expect(lefts(2)).toEqual([0, 3000]); // 10 windows each: 393 MB
  });

  /** Two windows of 100 pixels side by side over a view of 200, `bytes` each. */
  const pair = (bytes: number) => ({
    width: 200, windows: [0, 100].map((left) => ({ top: 0, left, height: 50, width: 100 })), bytes, rows: 1,
  });
  const columns = (width: number, views: Parameters<typeof bandsOver>[2]) =>
    bandsOver({ height: 1, width }, 2, views).map((band) => [band.left, band.width]);

  it('takes one column up to 500 MB of windows, and counts those that lie in a column, in pixels of the view', () => {
    expect(columns(200, [pair(250e6)])).toEqual([[0, 200]]);
    // The second window begins where the first column ends.
    expect(columns(200, [pair(250_000_001)])).toEqual([[0, 100], [100, 100]]);
    expect(columns(200, [pair(250_000_000.5)])).toEqual([[0, 100], [100, 100]]);
    expect(columns(400, [pair(250_000_001)])).toEqual([[0, 200], [200, 200]]);
    expect(columns(100, [pair(250_000_001)])).toEqual([[0, 50], [50, 50]]);
    // Halves of an odd width are whole pixels.
    expect(columns(201, [{ ...pair(250_000_001), width: 201 }])).toEqual([[0, 100], [100, 101]]);
  });

  it('cuts at most 64 columns, and none of less than a pixel, where one window is too much', () => {
    const one = (width: number) => ({ width, windows: [{ top: 0, left: 0, height: 9, width }], bytes: 600e6, rows: 1 });
    expect(columns(640, [one(640)])).toEqual(Array.from({ length: 64 }, (_, i) => [10 * i, 10]));
    expect(columns(3, [one(3)])).toEqual([[0, 1], [1, 1], [2, 1]]);
  });
});
