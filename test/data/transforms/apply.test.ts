import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../../src/errors.ts';
import { applyTransforms } from '../../../src/data/transforms/apply.ts';
import { outputSizePx, type ImageTransform } from '../../../src/data/transforms/imageTransform.ts';
import { Rng } from '../../../src/random/rng.ts';
import { noise } from '../noise.ts';

const CROP: ImageTransform = { kind: 'randomResizedCrop', sizePx: 16, scale: [0.2, 1], ratio: [0.75, 4 / 3], interpolation: 'bilinear' };

function pixel(data: Uint8Array, width: number, x: number, y: number): number[] {
  const start = (y * width + x) * 3;
  return Array.from(data.subarray(start, start + 3));
}

describe('applyTransforms', () => {
  it('depends on the random stream alone', () => {
    const transforms: ImageTransform[] = [CROP, { kind: 'horizontalFlip', probability: 0.5 }];
    const run = (seed: number) => applyTransforms(noise(40, 30), transforms, new Rng(seed, 3));
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('mirrors with probability 1, never with 0, half the time with 0.5', () => {
    const image = noise(16, 16);
    const identity: ImageTransform = { kind: 'padAndCrop', sizePx: 16, paddingPx: 0 };
    const flip = (probability: number, seed = 0) => applyTransforms(image, [identity, { kind: 'horizontalFlip', probability }], new Rng(seed));
    expect(flip(0)).toEqual(image.data);
    expect(pixel(flip(1), 16, 0, 5)).toEqual(pixel(image.data, 16, 15, 5));
    expect(pixel(flip(1), 16, 3, 15)).toEqual(pixel(image.data, 16, 12, 15));
    const flips = Array.from({ length: 400 }, (_, seed) => flip(0.5, seed)).filter((data) => data[0] !== image.data[0]).length;
    expect(flips).toBeGreaterThan(160);
    expect(flips).toBeLessThan(240);
  });

  it('gives the same with a flip folded into the crop as with one after it', () => {
    const folded = applyTransforms(noise(40, 30), [CROP, { kind: 'horizontalFlip', probability: 1 }], new Rng(5));
    const plain = { data: applyTransforms(noise(40, 30), [CROP], new Rng(5)), width: 16, height: 16 };
    const keep: ImageTransform = { kind: 'padAndCrop', sizePx: 16, paddingPx: 0 };
    expect(folded).toEqual(applyTransforms(plain, [keep, { kind: 'horizontalFlip', probability: 1 }], new Rng(0)));
  });

  it('crops CIFAR pictures out of a black frame, uniformly over all offsets', () => {
    const data = new Uint8Array(4 * 4 * 3).fill(255);
    data.set([1, 2, 3], (1 * 4 + 2) * 3);
    const corners = new Map<string, number>();
    for (let seed = 0; seed < 2500; seed++) {
      const result = applyTransforms({ data, width: 4, height: 4 }, [{ kind: 'padAndCrop', sizePx: 4, paddingPx: 2 }], new Rng(seed));
      const black = result.reduce((count, value) => count + (value === 0 ? 1 : 0), 0) / 3;
      const marks = Array.from({ length: 16 }, (_, i) => i).filter((i) => result[3 * i] === 1);
      // (x, y) of the marked pixel moves from (2, 1) by up to 2 each way; out of the crop it is gone.
      const [at] = marks;
      const key = at === undefined ? 'gone' : `${(at % 4) - 2},${Math.floor(at / 4) - 1}`;
      corners.set(key, (corners.get(key) ?? 0) + 1);
      if (at !== undefined) {
        const dx = Math.abs((at % 4) - 2);
        const dy = Math.abs(Math.floor(at / 4) - 1);
        expect(black).toBe(16 - (4 - dx) * (4 - dy));
        expect(result.slice(3 * at, 3 * at + 3)).toEqual(new Uint8Array([1, 2, 3]));
      }
    }
    // Of 25 offsets 4 x 4 keep the mark: dx in [-2, 1], dy in [-1, 2].
    expect(corners.size).toBe(17);
    for (const [key, count] of corners) {
      expect(Math.abs(count - (key === 'gone' ? 900 : 100))).toBeLessThan(key === 'gone' ? 100 : 45);
    }
  });

  it('copies a picture that already has the evaluation size', () => {
    const image = noise(32, 32);
    const result = applyTransforms(image, [{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 1, interpolation: 'bicubic' }], new Rng(0));
    expect(result).toEqual(image.data);
    expect(result.buffer).not.toBe(image.data.buffer);
  });

  it('runs several crops one after the other, and leaves the picture as it is', () => {
    const image = noise(40, 30);
    const before = image.data.slice();
    const shrink: ImageTransform = { kind: 'resizeAndCentreCrop', sizePx: 20, cropRatio: 1, interpolation: 'bicubic' };
    const flip: ImageTransform = { kind: 'horizontalFlip', probability: 1 };
    const corner: ImageTransform = { kind: 'padAndCrop', sizePx: 8, paddingPx: 0 };
    const out = new Uint8Array(8 * 8 * 3).fill(99);
    expect(applyTransforms(image, [flip, shrink, flip, corner], new Rng(2), out)).toBe(out);
    const rng = new Rng(2);
    const flipped = { data: applyTransforms(image, [flip, shrink, flip], rng), width: 20, height: 20 };
    expect(out).toEqual(applyTransforms(flipped, [corner], rng));
    expect(image.data).toEqual(before);
  });

  it('names the size of a picture too small for its crop', () => {
    const run = () => applyTransforms(noise(10, 40), [{ kind: 'padAndCrop', sizePx: 32, paddingPx: 4 }], new Rng(0));
    expect(run).toThrow(DataError);
    expect(run).toThrow('expected a picture of at least 24 pixels each way for a crop of 32 with padding 4, got 10 x 40');
  });
});

describe('outputSizePx', () => {
  it('is that of the last transform that sets one', () => {
    expect(outputSizePx([CROP, { kind: 'padAndCrop', sizePx: 12, paddingPx: 0 }, { kind: 'horizontalFlip', probability: 0.5 }])).toBe(12);
  });

  it('takes what lies on the bounds', () => {
    expect(outputSizePx([{ ...CROP, sizePx: 1, scale: [1, 1], ratio: [1, 1] }, { kind: 'horizontalFlip', probability: 0 }])).toBe(1);
    expect(outputSizePx([{ kind: 'padAndCrop', sizePx: 1, paddingPx: 0 }, { kind: 'horizontalFlip', probability: 1 }])).toBe(1);
    expect(outputSizePx([{ kind: 'resizeAndCentreCrop', sizePx: 1, cropRatio: 1, interpolation: 'bicubic' }])).toBe(1);
  });

  it.each<[ImageTransform[], string]>([
    [[], 'expected a transform that sets the size (randomResizedCrop, padAndCrop, resizeAndCentreCrop) in transforms, got none'],
    [[{ kind: 'horizontalFlip', probability: 0.5 }], 'in transforms, got horizontalFlip'],
    [[{ kind: 'horizontalFlip', probability: 1.5 }], 'horizontalFlip: expected a number in [0, 1] for probability, got 1.5'],
    [[{ ...CROP, sizePx: 0 }], 'randomResizedCrop: expected a whole number of at least 1 for sizePx, got 0'],
    [[{ ...CROP, scale: [1, 0.08] }], 'randomResizedCrop: expected 0 < least <= greatest for scale, got [1,0.08]'],
    [[{ ...CROP, sizePx: 1.5 }], 'randomResizedCrop: expected a whole number of at least 1 for sizePx, got 1.5'],
    [[{ kind: 'horizontalFlip', probability: -0.1 }], 'horizontalFlip: expected a number in [0, 1] for probability, got -0.1'],
    [[{ ...CROP, scale: [0, 1] }], 'randomResizedCrop: expected 0 < least <= greatest for scale, got [0,1]'],
    [[{ ...CROP, ratio: [2, 1] }], 'randomResizedCrop: expected 0 < least <= greatest for ratio, got [2,1]'],
    [[{ kind: 'padAndCrop', sizePx: 32, paddingPx: 0.5 }], 'padAndCrop: expected a whole number of at least 0 for paddingPx, got 0.5'],
    [[{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 0, interpolation: 'bicubic' }], 'expected a number in (0, 1] for cropRatio, got 0'],
    [[{ ...CROP, ratio: [0, 1] }], 'randomResizedCrop: expected 0 < least <= greatest for ratio, got [0,1]'],
    [[{ kind: 'padAndCrop', sizePx: 32, paddingPx: -1 }], 'padAndCrop: expected a whole number of at least 0 for paddingPx, got -1'],
    [[{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 1.1, interpolation: 'bicubic' }], 'expected a number in (0, 1] for cropRatio, got 1.1'],
  ])('refuses %j', (transforms, message) => {
    expect(() => outputSizePx(transforms)).toThrow(ConfigError);
    expect(() => outputSizePx(transforms)).toThrow(message);
  });
});
