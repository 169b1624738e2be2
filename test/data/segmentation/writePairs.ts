// Photos and label images made for a test.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { noise } from '../noise.ts';
import { pngOf } from '../png.ts';

export interface PairOptions {
  readonly width: number;
  readonly height: number;
  /** The label of a pixel. */
  readonly label: (x: number, y: number) => number;
  readonly depth?: 8 | 16;
  readonly kind?: 'grey' | 'palette';
}

/** Writes DIR/images/SPLIT/NAME.jpg and DIR/annotations/SPLIT/NAME.png. */
export async function writePair(dir: string, split: string, name: string, options: PairOptions): Promise<void> {
  const photo = join(dir, 'images', split, `${name}.jpg`);
  const map = join(dir, 'annotations', split, `${name}.png`);
  for (const file of [photo, map]) await mkdir(dirname(file), { recursive: true });
  const { width, height } = options;
  await sharp(noise(width, height).data, { raw: { width, height, channels: 3 } }).blur(3).jpeg().toFile(photo);
  await writeFile(map, labelPng(options));
}

export function labelPng({ width, height, label, depth = 8, kind = 'grey' }: PairOptions): Buffer {
  const labels = Array.from({ length: width * height }, (_, i) => label(i % width, Math.floor(i / width)));
  return pngOf(labels, { width, height, depth, kind });
}
