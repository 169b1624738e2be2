import { describe, expect, it } from 'vitest';
import { centreCropGeometry, randomResizedCropBox } from '../../../src/data/transforms/cropGeometry.ts';
import { Rng } from '../../../src/random/rng.ts';

const SCALE = [0.08, 1] as const;
const RATIO = [3 / 4, 4 / 3] as const;

describe('randomResizedCropBox', () => {
  const photo = { width: 500, height: 375 };
  const boxes = Array.from({ length: 4000 }, (_, i) => randomResizedCropBox(photo, SCALE, RATIO, new Rng(7, i)));

  it('lies inside the picture with an allowed area and ratio', () => {
    const wrong = boxes.filter(({ x, y, width, height }) => {
      const inside = [x, y, width, height].every(Number.isInteger) && x >= 0 && y >= 0 && x + width <= 500 && y + height <= 375;
      // Sides are rounded to whole pixels.
      const ratio = width / height;
      return !inside || ratio < 0.74 || ratio > 1.35 || width * height < 0.078 * 500 * 375;
    });
    expect(wrong).toEqual([]);
  });

  it('draws the share of the area uniformly (where every ratio fits) and the ratio symmetrically in its logarithm', () => {
    // Below half the area each draw fits at once, so that part of the distribution is undistorted.
    const shares = boxes.map(({ width, height }) => (width * height) / (500 * 375)).filter((share) => share < 0.5);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(mean).toBeCloseTo(0.29, 2);
    const small = boxes.filter(({ width, height }) => width * height < 0.5 * 500 * 375);
    const logRatio = small.reduce((sum, { width, height }) => sum + Math.log(width / height), 0) / small.length;
    expect(Math.abs(logRatio)).toBeLessThan(0.015);
    // A third of a range that is even in the logarithm lies above each of these, and as much below their inverse.
    const wide = small.filter(({ width, height }) => width / height > (4 / 3) ** (1 / 3)).length / small.length;
    const high = small.filter(({ width, height }) => height / width > (4 / 3) ** (1 / 3)).length / small.length;
    expect(wide).toBeCloseTo(1 / 3, 1);
    expect(high).toBeCloseTo(1 / 3, 1);
  });

  it('reaches every edge of the picture', () => {
    expect(boxes.some(({ x }) => x === 0)).toBe(true);
    expect(boxes.some(({ y }) => y === 0)).toBe(true);
    expect(boxes.some(({ x, width }) => x + width === 500)).toBe(true);
    expect(boxes.some(({ y, height }) => y + height === 375)).toBe(true);
  });

  it('takes boxes of a single pixel', () => {
    const places = (width: number, height: number) => new Set(Array.from({ length: 40 }, (_, i) => {
      const box = randomResizedCropBox({ width, height }, [1 / 3, 1 / 3], [1, 1], new Rng(i));
      expect([box.width, box.height]).toEqual([1, 1]);
      return box.x + box.y;
    }));
    expect(places(1, 3)).toEqual(new Set([0, 1, 2]));
    expect(places(3, 1)).toEqual(new Set([0, 1, 2]));
  });

  it('falls back to the largest central box of an allowed ratio', () => {
    const whole = [1, 1] as const;
    // 100 x 10: the widest allowed is 10 * 4/3 = 13; 10 x 100: the highest is 10 / (3/4) = 13.
    const box = (width: number, height: number, scale: readonly [number, number]): number[] => {
      const { x, y, width: w, height: h } = randomResizedCropBox({ width, height }, scale, RATIO, new Rng(1));
      return [x, y, w, h];
    };
    expect(box(100, 10, whole)).toEqual([43, 0, 13, 10]);
    expect(box(10, 100, whole)).toEqual([0, 43, 10, 13]);
    expect(box(100, 97, [2, 2])).toEqual([0, 0, 100, 97]);
    expect(box(1, 1, [2, 2])).toEqual([0, 0, 1, 1]);
    // Never less than a pixel: 1 / 3 and 1 / 4 of one would be.
    const thin = (width: number, height: number, ratio: readonly [number, number]) =>
      randomResizedCropBox({ width, height }, [2, 2], ratio, new Rng(1));
    expect(thin(1, 9, [3, 4])).toEqual({ x: 0, y: 4, width: 1, height: 1 });
    expect(thin(9, 1, [0.2, 0.25])).toEqual({ x: 4, y: 0, width: 1, height: 1 });
  });
});

describe('centreCropGeometry', () => {
  it('resizes the short side to floor(size / ratio) and rounds the long side down', () => {
    expect(centreCropGeometry({ width: 500, height: 375 }, 224, 0.875).resized).toEqual({ width: 341, height: 256 });
    expect(centreCropGeometry({ width: 375, height: 500 }, 224, 0.9).resized).toEqual({ width: 248, height: 330 });
    expect(centreCropGeometry({ width: 100, height: 100 }, 224, 0.875).resized).toEqual({ width: 256, height: 256 });
  });

  it('rounds half a pixel of margin to the even side', () => {
    // 341 - 224 = 117, half of it 58.5 -> 58; 339 - 224 = 115, half of it 57.5 -> 58.
    expect(centreCropGeometry({ width: 341, height: 256 }, 224, 0.875).window).toEqual({ x: 58, y: 16, width: 224, height: 224 });
    expect(centreCropGeometry({ width: 339, height: 256 }, 224, 0.875).window.x).toBe(58);
  });
});
