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

  it('takes the mean of two columns, or rows, where one side alone is halved', () => {
    const { data } = noise(8, 6);
    const at = (x: number, y: number, channel: number) => data[(y * 8 + x) * 3 + channel]!;
    const narrow = whole({ width: 8, height: 6 }, { width: 4, height: 6 });
    const low = whole({ width: 8, height: 6 }, { width: 8, height: 3 });
    const mean = (a: number, b: number) => (a + b + 1) >> 1;
    const row = whole({ width: 8, height: 1 }, { width: 4, height: 2 });
    expect([...row.subarray(0, 12)]).toEqual([...row.subarray(12)]);
    row.forEach((value, i) => { // a row mixed with itself may be rounded down
      const from = 6 * Math.floor((i % 12) / 3) + i % 3;
      expect([0, 1]).toContain(mean(noise(8, 1).data[from]!, noise(8, 1).data[from + 3]!) - value);
    });
    expect([...narrow]).toEqual(Array.from({ length: 72 }, (_, i) => {
      const [channel, x, y] = [i % 3, Math.floor(i / 3) % 4, Math.floor(i / 12)];
      return mean(at(2 * x, y, channel), at(2 * x + 1, y, channel));
    }));
    expect([...low]).toEqual(Array.from({ length: 72 }, (_, i) => {
      const [channel, x, y] = [i % 3, Math.floor(i / 3) % 8, Math.floor(i / 24)];
      return mean(at(x, 2 * y, channel), at(x, 2 * y + 1, channel));
    }));
  });

  it('takes the middle one of three where a side is divided by three, beside one that is halved', () => {
    const { data } = noise(6, 6);
    const mean = (first: number, second: number) => (data[first]! + data[second]! + 1) >> 1;
    expect([...whole({ width: 6, height: 6 }, { width: 2, height: 3 })]).toEqual(Array.from({ length: 18 }, (_, i) => {
      const at = (2 * Math.floor(i / 6) * 6 + 3 * (Math.floor(i / 3) % 2) + 1) * 3 + i % 3;
      return mean(at, at + 18);
    }));
    expect([...whole({ width: 6, height: 6 }, { width: 3, height: 2 })]).toEqual(Array.from({ length: 18 }, (_, i) => {
      const at = ((3 * Math.floor(i / 9) + 1) * 6 + 2 * (Math.floor(i / 3) % 3)) * 3 + i % 3;
      return mean(at, at + 3);
    }));
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
