import { describe, expect, it } from 'vitest';
import { rleFromPolygon } from '../../../src/data/coco/polygonRle.ts';
import { rleArea } from '../../../src/data/coco/rle.ts';

describe('rleFromPolygon', () => {
  it('draws outlines that take more columns than it looks at together', () => {
    const [height, width] = [7, 1_300_000];
    const { counts } = rleFromPolygon([0, 0, width, 0, width, height, 0, height], height, width);
    expect(counts).toEqual(Uint32Array.of(0, height * width));
    // A hill, whole and cut off where all of it is looked at together.
    const hill = [0, 7, 300_000.3, 1.2, 700_000, 5, 1_200_000.7, 0, 1_290_000, 7];
    const whole = rleFromPolygon(hill, height, width);
    const cut = rleFromPolygon(hill, height, 400_000);
    expect(whole.counts.reduce((sum, run) => sum + run, 0)).toBe(height * width);
    const inCut = cut.counts.length - 2;
    expect(whole.counts.subarray(0, inCut)).toEqual(cut.counts.subarray(0, inCut));
    expect(rleArea(whole)).toBeGreaterThan(3 * rleArea(cut) / 2);
  });

  it('draws outlines that cross a column more often than it expects', () => {
    // Teeth between x = 1 and x = 9: each column in between is crossed 400 times.
    const teeth = Array.from({ length: 200 }, (_, i) => [1, 4 * i, 9, 4 * i + 1, 1, 4 * i + 2]).flat();
    const rle = rleFromPolygon([...teeth, 1, 799, 0, 799, 0, 0], 800, 10);
    expect(rle.counts.length).toBeGreaterThan(1500);
    expect(rle.counts.reduce((sum, run) => sum + run, 0)).toBe(8000);
  });
});
