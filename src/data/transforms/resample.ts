// Crop, resize and mirror in one go, with Pillow's arithmetic: columns first, rounded to bytes, then rows.
// Source: Pillow up to 12, src/libImaging/Resample.c (8 bits per channel), bit for bit. Pillow 13 takes rows first where that is
// less work, and then differs by one level here and there.

import type { RawImage } from '../dataset.ts';
import type { Interpolation } from './imageTransform.ts';
import { resampleWeights, WEIGHT_BITS, type ResampleWeights } from './resampleWeights.ts';

/** A rectangle in whole pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ResampleOptions {
  /** The part of the picture that is resized; pixels outside it have no influence. */
  readonly crop: Box;
  /** Size of the crop after resizing. */
  readonly resized: { readonly width: number; readonly height: number };
  /** The part of the resized crop that is computed. */
  readonly window: Box;
  readonly interpolation: Interpolation;
  /** Mirrors the result left to right. */
  readonly flip: boolean;
}

const HALF = 1 << (WEIGHT_BITS - 1);

/** @returns RGB bytes [window.height, window.width, 3]; Pillow's `crop(crop).resize(resized).crop(window)`, mirrored if asked. */
export function resample(image: RawImage, options: ResampleOptions): Uint8Array {
  const { crop, resized, window, interpolation, flip } = options;
  const vertical = resampleWeights(crop.height, resized.height, window.y, window.height, interpolation);
  const horizontal = resampleWeights(crop.width, resized.width, window.x, window.width, interpolation);
  const last = window.height - 1;
  const firstRow = vertical.starts[0] ?? 0;
  const rows = (vertical.starts[last] ?? 0) + (vertical.taps[last] ?? 0) - firstRow;
  const offset = ((crop.y + firstRow) * image.width + crop.x) * 3;
  const columns = resampleColumns(image.data, offset, image.width * 3, rows, horizontal, flip);
  // Resizing to the same height would copy each row.
  if (crop.height === resized.height) return columns;
  return resampleRows(columns, firstRow, window.width * 3, vertical);
}

/** Resizes each of `rows` rows to starts.length pixels. */
function resampleColumns(
  pixels: Uint8Array,
  offset: number,
  rowBytes: number,
  rows: number,
  { starts, taps, weights, stride }: ResampleWeights,
  flip: boolean,
): Uint8Array {
  const width = starts.length;
  const result = new Uint8Array(rows * width * 3);
  for (let x = 0; x < width; x++) {
    const column = offset + (starts[x] ?? 0) * 3;
    const firstWeight = x * stride;
    const endWeight = firstWeight + (taps[x] ?? 0);
    let to = (flip ? width - 1 - x : x) * 3;
    for (let row = 0; row < rows; row++, to += width * 3) {
      let from = column + row * rowBytes;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let i = firstWeight; i < endWeight; i++, from += 3) {
        const weight = weights[i] ?? 0;
        red = (red + Math.imul(pixels[from] ?? 0, weight)) | 0;
        green = (green + Math.imul(pixels[from + 1] ?? 0, weight)) | 0;
        blue = (blue + Math.imul(pixels[from + 2] ?? 0, weight)) | 0;
      }
      result[to] = toByte(red);
      result[to + 1] = toByte(green);
      result[to + 2] = toByte(blue);
    }
  }
  return result;
}

/** Mixes rows of `rowBytes` bytes, the first of which is row `firstRow` of the crop, to starts.length rows. */
function resampleRows(
  rows: Uint8Array,
  firstRow: number,
  rowBytes: number,
  { starts, taps, weights, stride }: ResampleWeights,
): Uint8Array {
  const height = starts.length;
  const result = new Uint8Array(height * rowBytes);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    const start = ((starts[y] ?? 0) - firstRow) * rowBytes;
    const count = taps[y] ?? 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[y * stride + tap] ?? 0;
      const from = start + tap * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i] = ((sums[i] ?? 0) + Math.imul(rows[from + i] ?? 0, weight)) | 0;
    }
    const to = y * rowBytes;
    for (let i = 0; i < rowBytes; i++) result[to + i] = toByte(sums[i] ?? 0);
  }
  return result;
}

function toByte(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
