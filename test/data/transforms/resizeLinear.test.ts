import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { resizeLinear, type Size } from '../../../src/data/transforms/resizeLinear.ts';
import { noise } from '../noise.ts';
import { opencv } from './opencv.ts';

function whole(from: Size, to: Size): Uint8Array {
  const out = new Uint8Array(to.width * to.height * 3).fill(99);
  resizeLinear(noise(from.width, from.height), { resized: to, window: { x: 0, y: 0, ...to }, flip: false }, out);
  return out;
}

const cases = opencv.resized.filter(({ kind }) => kind === 'linear');

describe('resizeLinear', () => {
  it.each(cases)('equals OpenCV bit for bit: $width x $height to $toWidth x $toHeight', ({ width, height, toWidth, toHeight, crc32: expected }) => {
    expect(crc32(whole({ width, height }, { width: toWidth, height: toHeight }))).toBe(expected);
  });

  it('has reference cases that grow, shrink, halve and keep the size', () => {
    expect(cases.length).toBe(13);
  });

  it.each([
    [{ width: 61, height: 47 }, { width: 97, height: 80 }],
    [{ width: 61, height: 47 }, { width: 37, height: 29 }],
    [{ width: 60, height: 48 }, { width: 30, height: 24 }],
  ])('computes a part of %j made %j, mirrored and in wider rows, and touches nothing else', (from, to) => {
    const all = whole(from, to);
    const window = { x: 5, y: 3, width: 17, height: 19 };
    const rowBytes = 17 * 3 + 7;
    for (const flip of [false, true]) {
      const out = new Uint8Array(rowBytes * 19).fill(99);
      resizeLinear(noise(from.width, from.height), { resized: to, window, flip }, out, rowBytes);
      const expected = new Uint8Array(rowBytes * 19).fill(99);
      for (let y = 0; y < 19; y++) {
        for (let x = 0; x < 17; x++) {
          const at = ((3 + y) * to.width + 5 + (flip ? 16 - x : x)) * 3;
          expected.set(all.subarray(at, at + 3), y * rowBytes + x * 3);
        }
      }
      expect(out).toEqual(expected);
    }
  });
});
