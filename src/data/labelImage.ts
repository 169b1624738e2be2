// Label images: PNGs whose pixels are class numbers. A palette is only how viewers colour them, so palette indices and grey
// values are read as they are stored; colour management, transparency and gamma never touch them.
// Format: PNG specification (ISO/IEC 15948), chunks and colour types.

import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { systemReason } from '../files/systemReason.ts';
import { DataError } from '../errors.ts';
import { decodeFault } from './decodeFault.ts';
import { foreignContent } from './foreignContent.ts';
import { PNG_SIGNATURE } from './labelPng.ts';
import { pixelLimit } from './pixelLimit.ts';

/** Class numbers of one photo, row by row. */
export interface LabelImage {
  /** [height * width]; 16-bit files give Uint16Array. */
  readonly data: Uint8Array | Uint16Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

const COLOUR_TYPES: Readonly<Record<number, string>> = {
  2: 'RGB; replace colours by class numbers, or keep one channel where all three are the same',
  4: 'grey with alpha; remove the alpha channel',
  6: 'RGB with alpha; replace colours by class numbers, or keep one channel where red, green and blue are the same',
};
const GREY = 0;
const PALETTE = 3;
const IDAT = 0x49444154;
const IEND = 0x49454e44;

/**
 * Reads a grey or palette PNG of 1, 2, 4, 8 or 16 bits, interlaced or not. Grey values of fewer than 8 bits are not stretched:
 * 4 bits give 0 to 15.
 * @param input a path, or the bytes of a file
 * @param name what an error calls it; default: the path
 * @throws DataError naming the file when it is missing, damaged, no PNG, or has several values per pixel
 */
export async function readLabelImage(input: string | Uint8Array, name = typeof input === 'string' ? input : 'bytes in memory'): Promise<LabelImage> {
  const fault = (got: string) => new DataError(`readLabelImage: expected a PNG with one value per pixel (grey or palette) in ${name}, got ${got}`);
  let bytes: Uint8Array;
  try {
    bytes = typeof input === 'string' ? await readFile(input) : input;
  } catch (error) {
    throw fault(systemReason(error));
  }
  if (bytes.length < 33 || PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw fault(kindOf(bytes));
  const depth = bytes[24]!;
  const colourType = bytes[25]!;
  if (colourType !== GREY && colourType !== PALETTE) throw fault(COLOUR_TYPES[colourType] ?? `colour type ${colourType}`);
  try {
    const { data, info } = await sharp(asPlainGrey(bytes), { failOn: 'warning', limitInputPixels: pixelLimit() })
      .toColourspace(depth === 16 ? 'grey16' : 'b-w')
      .raw({ depth: depth === 16 ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    if (depth === 16) return { data: new Uint16Array(data.buffer, data.byteOffset, width * height), width, height };
    const values = new Uint8Array(data.buffer, data.byteOffset, width * height);
    // libvips stretches fewer bits to the whole range of a byte.
    if (depth < 8) for (let i = 0; i < values.length; i++) values[i]! >>= 8 - depth;
    return { data: values, width, height };
  } catch (error) {
    throw fault(await decodeFault(error, bytes));
  }
}

/** What its first bytes say, with a remedy. */
function kindOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'another kind of file, a JPEG, which blurs class numbers; make it anew as PNG';
  return foreignContent(bytes) ?? 'another kind of file; save it as PNG';
}

/** The same PNG, declared as grey and without any chunk that would change its values: header, pixels, end. */
function asPlainGrey(bytes: Uint8Array): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = Uint8Array.from(bytes.subarray(8, 33));
  header[17] = GREY;
  new DataView(header.buffer).setUint32(21, crc32(header.subarray(4, 21)));
  const kept: Uint8Array[] = [PNG_SIGNATURE, header];
  for (let at = 33; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === IDAT || type === IEND) kept.push(bytes.subarray(at, end)); // a truncated one ends early, which the decoder tells
    at = end;
  }
  return Buffer.concat(kept);
}
