// Masks as pixels and back. Pixels are row by row here, as everywhere in JavaScript, while runs go down the columns: both
// directions work on where a pixel differs from the one above it, four pixels at a time, instead of turning the picture.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleEncode, rleDecode).

import { DataError } from '../../errors.ts';
import { checkMaskSize, checkSum, type Rle } from './rle.ts';

/**
 * The runs of a mask.
 * @param mask [height * width] row by row; 0, or one other value throughout
 * @throws DataError naming the pixel when there are two values other than 0, or a wrong number of pixels
 */
export function encodeMask(mask: Uint8Array | Uint8ClampedArray, height: number, width: number): Rle {
  checkMaskSize(height, width, 'encodeMask');
  const pixels = height * width;
  if (mask.length !== pixels) throw new DataError(`encodeMask: expected ${height} x ${width} = ${pixels} values for mask, got ${mask.length}`);
  if (pixels === 0) return { height, width, counts: Uint32Array.of(0) };
  checkOneValue(mask, width);
  const changes = changesByColumn(mask, height, width);
  const counts = new Uint32Array(changes.length + 1);
  let start = 0;
  for (let i = 0; i < changes.length; i++) {
    counts[i] = changes[i]! - start;
    start = changes[i]!;
  }
  counts[changes.length] = pixels - start;
  return { height, width, counts };
}

function checkOneValue(mask: Uint8Array | Uint8ClampedArray, width: number): void {
  const first = mask.findIndex((value) => value !== 0);
  if (first === -1) return;
  const one = mask[first]!;
  for (let i = first; i < mask.length; i++) {
    const value = mask[i]!;
    if (value !== 0 && value !== one) {
      throw new DataError(`encodeMask: expected 0 or one other value for mask, got ${one} and, at x ${i % width}, y ${Math.floor(i / width)}, ${value}`);
    }
  }
}

/** Where the value changes on the way down the columns, as x * height + y, in order. The pixel before the first counts as 0. */
function changesByColumn(mask: Uint8Array | Uint8ClampedArray, height: number, width: number): Uint32Array {
  const perColumn = new Uint32Array(width + 1);
  let found = new Uint32Array(4 * width + 64);
  let count = 0;
  const add = (x: number, y: number): void => {
    if (count + 2 > found.length) {
      const larger = new Uint32Array(2 * found.length);
      larger.set(found);
      found = larger;
    }
    found[count++] = x;
    found[count++] = y;
    perColumn[x + 1]!++;
  };

  // The top of a column follows the bottom of the column before.
  const bottom = (height - 1) * width;
  if (mask[0] !== 0) add(0, 0);
  for (let x = 1; x < width; x++) if (mask[x] !== mask[bottom + x - 1]) add(x, 0);

  // Rows are copied to where they start at a word.
  const words = (width + 3) >> 2;
  let above = new Uint32Array(words);
  let here = new Uint32Array(words);
  let aboveBytes = new Uint8Array(above.buffer);
  let hereBytes = new Uint8Array(here.buffer);
  aboveBytes.set(mask.subarray(0, width));
  for (let y = 1; y < height; y++) {
    hereBytes.set(mask.subarray(y * width, (y + 1) * width));
    for (let word = 0; word < words; word++) {
      if (here[word] === above[word]) continue;
      for (let x = 4 * word; x < 4 * word + 4; x++) if (hereBytes[x] !== aboveBytes[x]) add(x, y);
    }
    [above, here] = [here, above];
    [aboveBytes, hereBytes] = [hereBytes, aboveBytes];
  }

  // Sorted by column; within a column they come in order.
  for (let x = 0; x < width; x++) perColumn[x + 1]! += perColumn[x]!;
  const changes = new Uint32Array(count / 2);
  for (let i = 0; i < count; i += 2) {
    const x = found[i]!;
    changes[perColumn[x]!++] = x * height + found[i + 1]!;
  }
  return changes;
}

/**
 * The pixels of a mask.
 * @returns [height * width] row by row, 0 or 1
 * @throws DataError when the runs do not add up to height * width
 */
export function decodeMask({ height, width, counts }: Rle): Uint8Array {
  checkMaskSize(height, width, 'decodeMask');
  const words = (width + 3) >> 2;
  const stride = 4 * words;
  const padded = new Uint32Array(words * height);
  const bytes = new Uint8Array(padded.buffer);
  // First a 1 wherever a pixel differs from the one above it; the row above the picture is 0.
  let position = 0;
  for (let i = 0; i < counts.length; i++) {
    const start = position;
    position += counts[i]!;
    if (i % 2 === 0 || counts[i] === 0) continue;
    if (position > height * width) break;
    const firstColumn = Math.floor(start / height);
    const lastColumn = Math.floor((position - 1) / height);
    bytes[(start - firstColumn * height) * stride + firstColumn]! ^= 1;
    for (let x = firstColumn + 1; x <= lastColumn; x++) bytes[x]! ^= 1;
    const below = position - lastColumn * height;
    if (below < height) bytes[below * stride + lastColumn]! ^= 1;
  }
  checkSum(position, height, width, 'decodeMask');
  for (let i = words; i < padded.length; i++) padded[i]! ^= padded[i - words]!;
  if (stride === width) return bytes;
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) mask.set(bytes.subarray(y * stride, y * stride + width), y * width);
  return mask;
}
