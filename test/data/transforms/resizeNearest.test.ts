import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { resizeNearest, type LabelMap } from '../../../src/data/transforms/resizeNearest.ts';
import { noise } from '../noise.ts';
import { opencv } from './opencv.ts';

function redOf(width: number, height: number): LabelMap {
  return { data: noise(width, height).data.filter((_, i) => i % 3 === 0), width, height };
}

const cases = opencv.resized.filter(({ kind }) => kind === 'nearest');

describe('resizeNearest', () => {
  it.each(cases)('equals OpenCV bit for bit: $width x $height to $toWidth x $toHeight', ({ width, height, toWidth, toHeight, crc32: expected }) => {
    const out = new Uint8Array(toWidth * toHeight);
    const resized = { width: toWidth, height: toHeight };
    resizeNearest(redOf(width, height), { resized, window: { x: 0, y: 0, ...resized }, flip: false }, out);
    expect(crc32(out)).toBe(expected);
  });

  it('has reference cases', () => {
    expect(cases.length).toBe(13);
  });

  it('computes a part, mirrored and in wider rows, and touches nothing else', () => {
    const map = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 3, height: 2 };
    // Twice as large: 1 1 2 2 3 3 / the same / 4 4 5 5 6 6 / the same.
    const resized = { width: 6, height: 4 };
    const out = new Uint8Array(15).fill(99);
    resizeNearest(map, { resized, window: { x: 1, y: 0, width: 4, height: 3 }, flip: true }, out, 5);
    expect([...out]).toEqual([3, 2, 2, 1, 99, 3, 2, 2, 1, 99, 6, 5, 5, 4, 99]);
    const twice = new Uint8Array(12).fill(99);
    resizeNearest(map, { resized, window: { x: 0, y: 0, width: 2, height: 2 }, flip: false }, twice, 4);
    expect([...twice]).toEqual([1, 1, 99, 99, 1, 1, 99, 99, 99, 99, 99, 99]);
  });
});
