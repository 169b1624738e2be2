// The checksums of what OpenCV makes of noise pictures; opencv_reference.py beside this file makes them.

import { readFileSync } from 'node:fs';
import type { PhotometricChange } from '../../../src/data/transforms/photometricDistortion.ts';

interface Resized {
  readonly kind: 'linear' | 'nearest';
  readonly width: number;
  readonly height: number;
  readonly toWidth: number;
  readonly toHeight: number;
  readonly crc32: number;
}

interface OpenCvReference {
  readonly resized: readonly Resized[];
  readonly distorted: readonly { readonly change: PhotometricChange; readonly crc32: number }[];
  readonly hsvOfAllColours: number;
}

export const opencv = JSON.parse(readFileSync(new URL('../../fixtures/data/opencv.json', import.meta.url), 'utf8')) as OpenCvReference;
