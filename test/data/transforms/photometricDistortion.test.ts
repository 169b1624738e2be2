import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { changePhotometry, drawPhotometricChange } from '../../../src/data/transforms/photometricDistortion.ts';
import { Rng } from '../../../src/random/rng.ts';
import { noise } from '../noise.ts';
import { opencv } from './opencv.ts';

const ranges = { brightness: 32, contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: 18 } as const;

describe('changePhotometry', () => {
  it.each(opencv.distorted)('equals the reference bit for bit: $change', ({ change, crc32: expected }) => {
    const pixels = noise(512, 96).data;
    changePhotometry(pixels, change);
    expect(crc32(pixels)).toBe(expected);
  });

  it('has reference cases', () => {
    expect(opencv.distorted.length).toBe(11);
  });

  it('takes every colour to HSV and back as OpenCV does', () => {
    // Row by row in chunks: 50 MB of pixels at once would only test the memory.
    const row = new Uint8Array(65536 * 3);
    let checksum = 0;
    for (let red = 0; red < 256; red++) {
      for (let i = 0; i < 65536; i++) {
        row[i * 3] = red;
        row[i * 3 + 1] = i >> 8;
        row[i * 3 + 2] = i;
      }
      changePhotometry(row, { contrastFirst: true, hue: 0 });
      checksum = crc32(row, checksum);
    }
    expect(checksum).toBe(opencv.hsvOfAllColours);
  });

  it('does nothing where nothing is asked for', () => {
    const pixels = noise(9, 9).data;
    changePhotometry(pixels, { contrastFirst: false });
    expect(pixels).toEqual(noise(9, 9).data);
  });
});

describe('drawPhotometricChange', () => {
  const changes = Array.from({ length: 4000 }, (_, i) => drawPhotometricChange(ranges, new Rng(5, i)));

  it.each([
    ['brightness', -32, 32],
    ['contrast', 0.5, 1.5],
    ['saturation', 0.5, 1.5],
    ['hue', -18, 17],
  ] as const)('draws %s for half of the pictures, evenly from %d to %d', (member, least, greatest) => {
    const values = changes.flatMap((change) => change[member] ?? []);
    expect(values.length / changes.length).toBeGreaterThan(0.47);
    expect(values.length / changes.length).toBeLessThan(0.53);
    const width = greatest - least;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...values)).toBeLessThanOrEqual(greatest);
    expect(Math.min(...values)).toBeLessThan(least + width / 20);
    expect(Math.max(...values)).toBeGreaterThan(greatest - width / 20);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - (least + greatest) / 2)).toBeLessThan(width / 40);
    if (member === 'hue') expect(new Set(values).size).toBe(36);
  });

  it('puts contrast first for half of them', () => {
    const first = changes.filter(({ contrastFirst }) => contrastFirst).length / changes.length;
    expect(first).toBeGreaterThan(0.47);
    expect(first).toBeLessThan(0.53);
  });

  it('depends on the stream alone', () => {
    expect(drawPhotometricChange(ranges, new Rng(5, 17))).toEqual(changes[17]);
    expect(drawPhotometricChange(ranges, new Rng(6, 17))).not.toEqual(changes[17]);
  });
});
