import { describe, expect, it } from 'vitest';
import { paintLabels } from '../../src/report/paintLabels.ts';
import { ShapeError } from '../../src/errors.ts';

const photo = { data: Uint8Array.of(100, 100, 100, 0, 50, 200, 9, 9, 9), width: 3, height: 1 };
const palette = Uint8Array.of(200, 0, 100, 1, 2, 3);
const map = (...labels: number[]) => ({ data: Uint8Array.from(labels), width: labels.length, height: 1 });

describe('paintLabels', () => {
  it('mixes photo and class colours, and leaves ignored pixels', () => {
    // 100 + (200 - 100) / 4, 100 - 100 / 4, 100; then 0 + 1 / 4, 50 - 48 / 4, 200 - 197 / 4; then as it was.
    expect([...paintLabels(photo, map(0, 1, 255), palette, 0.25).data]).toEqual([125, 75, 100, 0, 38, 151, 9, 9, 9]);
    expect([...paintLabels(photo, map(1, 1, 2), palette, 1).data]).toEqual([1, 2, 3, 1, 2, 3, 9, 9, 9]);
    expect([...photo.data.subarray(0, 3)]).toEqual([100, 100, 100]);
  });

  it('refuses a map of another size', () => {
    expect(() => paintLabels(photo, map(0, 0), palette)).toThrow(ShapeError);
    expect(() => paintLabels(photo, map(0, 0), palette)).toThrow('expected 3 x 1 labels, as the photo has pixels, for map, got 2 x 1');
  });
});
