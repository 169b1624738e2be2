// Masks as run lengths, COCO's way: column by column, zeros first. The functions here look at one mask; others are beside
// this file: rleMask (pixels), rleString (compressed strings), polygonRle, rleMerge, rleIou.
// Source: the behaviour of pycocotools 2.0.11 (maskApi), https://github.com/ppwwyyxx/cocoapi.

import { DataError } from '../../errors.ts';

/** One mask. What makes one here guarantees that the runs add up to height * width, which is below 2^32. */
export interface Rle {
  /** px */
  readonly height: number;
  /** px */
  readonly width: number;
  /** Lengths of the runs down the columns from left to right: zeros, ones, zeros, … The first may be 0. */
  readonly counts: Uint32Array;
}

/**
 * Checks an image's size.
 * @param where the function to name in the message
 * @throws DataError unless both are whole numbers from 0 on whose product is below 2^32
 */
export function checkMaskSize(height: number, width: number, where: string): void {
  if (isMaskSize(height, width)) return;
  throw new DataError(`${where}: expected whole numbers with a product below 2^32 for height and width, got ${height} and ${width}`);
}

/** Whether both are whole numbers from 0 on whose product is below 2^32. */
export function isMaskSize(height: number, width: number): boolean {
  return isLength(height) && isLength(width) && height * width <= 0xffff_ffff;
}

function isLength(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

/**
 * A mask from its run lengths, COCO's uncompressed form.
 * @throws DataError naming the run that is no whole number from 0 on, or the sum when it is not height * width
 */
export function rleFromCounts(counts: ArrayLike<number>, height: number, width: number): Rle {
  checkMaskSize(height, width, 'rleFromCounts');
  const pixels = height * width;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!isLength(count) || count > pixels) throw new DataError(`rleFromCounts: expected a whole number from 0 to ${pixels} for counts[${i}], got ${count}`);
    sum += count;
  }
  checkSum(sum, height, width, 'rleFromCounts');
  return { height, width, counts: Uint32Array.from(counts) };
}

/**
 * Checks that runs cover an image.
 * @param where the function to name in the message
 * @throws DataError
 */
export function checkSum(sum: number, height: number, width: number, where: string): void {
  if (sum === height * width) return;
  throw new DataError(`${where}: expected runs that add up to ${height} x ${width} = ${height * width} pixels for counts, got ${sum}`);
}

/** The number of pixels in the mask. */
export function rleArea({ counts }: Rle): number {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i]!;
  return area;
}

/**
 * The smallest box around the mask: x, y, width, height in px. All zeros where there are no ones; but a mask that has runs of
 * ones and all of them empty gives what pycocotools gives, 1 - width and 1 - height modulo 2^32 at (width, height).
 */
export function rleBox({ height, width, counts }: Rle): [x: number, y: number, width: number, height: number] {
  const runs = counts.length - (counts.length % 2);
  if (runs === 0) return [0, 0, 0, 0];
  let left = width;
  let top = height;
  let right = 0;
  let bottom = 0;
  let start = 0;
  for (let i = 0; i < runs; i += 2) {
    start += counts[i]!;
    const length = counts[i + 1]!;
    if (length === 0) continue;
    const last = start + length - 1;
    const firstColumn = Math.floor(start / height);
    const lastColumn = Math.floor(last / height);
    if (firstColumn < left) left = firstColumn;
    if (lastColumn > right) right = lastColumn;
    if (firstColumn < lastColumn) {
      top = 0;
      bottom = height - 1;
    } else {
      top = Math.min(top, start - firstColumn * height);
      bottom = Math.max(bottom, last - lastColumn * height);
    }
    start = last + 1;
  }
  return [left, top, (right - left + 1) >>> 0, (bottom - top + 1) >>> 0];
}
