import { describe, expect, it } from 'vitest';
import { joinPolygons } from '../../../../src/data/coco/convert/joinPolygons.ts';
import { rleArea } from '../../../../src/data/coco/rle.ts';
import { rleIou } from '../../../../src/data/coco/rleIou.ts';
import { rleFromPolygon, rleFromPolygons } from '../../../../src/data/coco/polygonRle.ts';

const square = (x: number, y: number, side: number) => [x, y, x + side, y, x + side, y + side, x, y + side];

describe('joinPolygons', () => {
  it('leaves one polygon as it is', () => expect(joinPolygons([square(1, 2, 3)])).toEqual(square(1, 2, 3)));

  it('walks from the nearest point to the nearest point and back', () => {
    expect(joinPolygons([square(0, 0, 2), square(5, 0, 2)])).toEqual([
      0, 0, 2, 0, // there
      5, 0, 7, 0, 7, 2, 5, 2, 5, 0, // around
      2, 0, 2, 2, 0, 2, // back and on
    ]);
  });

  it('gives nothing for nothing', () => expect(joinPolygons([])).toEqual([]));

  it('covers what the polygons cover, but for the bridge\'s own pixels', () => {
    const parts = [square(10, 10, 20), square(60, 12, 15), square(12, 70, 25), square(70, 70, 9)];
    const apart = rleFromPolygons(parts, 100, 100);
    const joined = rleFromPolygon(joinPolygons(parts), 100, 100);
    expect(Math.abs(rleArea(joined) - rleArea(apart))).toBeLessThan(0.05 * rleArea(apart));
    expect(rleIou([joined], [apart], [false])[0]).toBeGreaterThan(0.95);
  });
});
