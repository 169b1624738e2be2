// Oracle: test/fixtures/data/resample.json, made with torchvision's resized_crop and timm's evaluation
// transform on Pillow pictures; its key `source` has the versions.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyTransforms } from '../../../src/data/transforms/apply.ts';
import type { RawImage } from '../../../src/data/decode.ts';
import type { Interpolation } from '../../../src/data/transforms/imageTransform.ts';
import { resample, type ResampleOptions } from '../../../src/data/transforms/resample.ts';
import { Rng } from '../../../src/random/rng.ts';
import { noise } from '../noise.ts';

interface Case {
  kind: 'resizedCrop' | 'eval';
  interpolation: Interpolation;
  width: number;
  height: number;
  crop?: [number, number, number, number];
  cropRatio?: number;
  sizePx: number;
  pixels: string;
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/data/resample.json', import.meta.url), 'utf8')) as { cases: Case[] };
const casesOf = (kind: Case['kind']) => fixture.cases.filter((entry) => entry.kind === kind);
const bytes = (entry: Case) => new Uint8Array(Buffer.from(entry.pixels, 'base64'));

function resampled(image: RawImage, options: ResampleOptions): Uint8Array {
  // Whatever was there is overwritten.
  const out = new Uint8Array(options.window.width * options.window.height * 3).fill(99);
  resample(image, options, out);
  return out;
}

function cropOf(entry: Case, flip: boolean): Uint8Array {
  const [x, y, width, height] = entry.crop ?? [0, 0, entry.width, entry.height];
  return resampled(noise(entry.width, entry.height), {
    crop: { x, y, width, height },
    resized: { width: entry.sizePx, height: entry.sizePx },
    window: { x: 0, y: 0, width: entry.sizePx, height: entry.sizePx },
    interpolation: entry.interpolation,
    flip,
  });
}

function mirrored(pixels: Uint8Array, width: number): Uint8Array {
  return pixels.map((_, i) => {
    const x = Math.floor(i / 3) % width;
    return pixels[i + (width - 1 - 2 * x) * 3] ?? -1;
  });
}

describe('resample', () => {
  it('has reference cases of both kinds', () => {
    expect(casesOf('resizedCrop').length).toBe(14);
    expect(casesOf('eval').length).toBe(16);
  });

  it.each(casesOf('resizedCrop'))('equals Pillow bit for bit: $interpolation $width x $height, crop $crop to $sizePx', (entry) => {
    expect(cropOf(entry, false)).toEqual(bytes(entry));
  });

  it.each(casesOf('resizedCrop'))('mirrors the result when asked: $interpolation, crop $crop to $sizePx', (entry) => {
    expect(cropOf(entry, true)).toEqual(mirrored(bytes(entry), entry.sizePx));
  });

  it.each(casesOf('eval'))(
    'equals timm\'s evaluation transform bit for bit: $interpolation $width x $height, $cropRatio of $sizePx',
    ({ interpolation, cropRatio = 1, sizePx, width, height, pixels }) => {
      const transform = { kind: 'resizeAndCentreCrop', sizePx, cropRatio, interpolation } as const;
      const result = applyTransforms(noise(width, height), [transform], new Rng(0));
      expect(result).toEqual(new Uint8Array(Buffer.from(pixels, 'base64')));
    },
  );

  it('keeps a constant picture constant, whatever the sizes', () => {
    const rng = new Rng(4);
    for (let i = 0; i < 20; i++) {
      const width = 1 + rng.integer(60);
      const height = 1 + rng.integer(60);
      const data = new Uint8Array(width * height * 3).fill(201);
      const sizePx = 1 + rng.integer(40);
      const transform = { kind: 'randomResizedCrop', sizePx, scale: [0.1, 1], ratio: [0.5, 2], interpolation: 'bicubic' } as const;
      expect(applyTransforms({ data, width, height }, [transform], rng).every((value) => value === 201)).toBe(true);
    }
  });

  it('resizes a picture larger than the band that it is copied by like one that is smaller', () => {
    // 3000 x 400 pixels are 3.6 MB. A column's value depends on its own row alone when only the width changes.
    const image = noise(3000, 400);
    const options = (height: number, y: number) => ({
      crop: { x: 1, y, width: 2900, height },
      resized: { width: 31, height },
      window: { x: 0, y: 0, width: 31, height },
      interpolation: 'bilinear',
      flip: false,
    } as const);
    const whole = resampled(image, options(400, 0));
    for (const y of [0, 115, 116, 117, 348, 349, 399]) {
      expect(whole.subarray(y * 93, y * 93 + 93)).toEqual(resampled(image, options(1, y)));
    }
  });

  it('has no influence from outside the crop', () => {
    const image = noise(20, 20);
    const options = {
      crop: { x: 5, y: 6, width: 7, height: 8 },
      resized: { width: 10, height: 10 },
      window: { x: 0, y: 0, width: 10, height: 10 },
      interpolation: 'bicubic',
      flip: false,
    } as const;
    const outsideCleared = image.data.map((value, i) => {
      const x = Math.floor(i / 3) % 20;
      const y = Math.floor(i / 60);
      return x >= 5 && x < 12 && y >= 6 && y < 14 ? value : 0;
    });
    expect(resampled({ ...image, data: outsideCleared }, options)).toEqual(resampled(image, options));
  });
});
