// Photos to RGB bytes, by libvips through sharp. The pipeline only decodes: cropping and resizing follow Pillow's arithmetic
// (transforms/resample.ts), which libvips' own resampling does not.
//
// What each kind of file becomes:
//   EXIF orientation   applied; the picture stands upright and its size is that of the upright picture
//   grey               the grey value in all three channels
//   CMYK               converted to sRGB, with libvips' built-in CMYK profile
//   embedded profile   ignored for RGB: values as stored, which is what Pillow's convert('RGB') and so the papers' pipelines see
//   16 bits            the high byte; DataError where all values are below 4096, a 10 or 12 bit camera's: they would be black
//   other depths       (float, signed, 32 bits; TIFF has them) DataError: nothing says which values are black and white
//   alpha              flattened over white
//   animated           first frame
//   several pages      first page
//   huge               DataError above pixelLimit()
//   truncated          DataError; so is anything else that libvips cannot decode
//   damaged, complete  what libjpeg makes of it (stray bytes, a bad Huffman code): ImageNet has such files

import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { DataError } from '../errors.ts';
import { decodeFault } from './decodeFault.ts';
import { hasExtension } from './files/fileNames.ts';
import { pixelLimit } from './pixelLimit.ts';

/** A decoded picture. */
export interface RawImage {
  /** RGB bytes, row by row, [height, width, 3]. Shared, not owned: whoever wants to change them copies them first. */
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** What libvips calls them, in words. */
const DEPTHS: Readonly<Partial<Record<string, string>>> = {
  char: 'signed', short: 'signed', int: 'signed', uint: 'unsigned', float: 'float', double: 'float', complex: 'complex', dpcomplex: 'complex',
};

const WHITE = { r: 255, g: 255, b: 255 };

// One libvips thread per picture: the parallelism is across pictures. No cache: each file is read once per epoch.
sharp.concurrency(1);
sharp.cache(false);

/** Bytes that say what kind of file it is, and how deep a PNG is. */
const HEADER_BYTES = 25;
/** The largest value of 12 bits. */
const CAMERA_MAX = 4095;

/**
 * Decodes a picture to RGB; the table at the top of this file says what becomes of unusual ones. Runs on libuv's thread pool.
 * @param input a path, or the bytes of a file
 * @param name what an error calls it; default: the path
 * @throws DataError naming the file when it is missing, truncated or not a picture
 */
export async function decodeImage(input: string | Uint8Array, name = describeInput(input)): Promise<RawImage> {
  const limitInputPixels = pixelLimit();
  try {
    await checkDepth(input, limitInputPixels);
    const { data, info } = await sharp(input, { failOn: 'error', pages: 1, ignoreIcc: true, sequentialRead: true, limitInputPixels })
      .autoOrient()
      .flatten({ background: WHITE })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to sRGB`);
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width: info.width, height: info.height };
  } catch (error) {
    throw new DataError(`decodeImage: expected a complete picture (JPEG, PNG, WebP, TIFF, GIF, AVIF) in ${name}, got: ${await decodeFault(error, input)}`);
  }
}

/** Refuses values that do not become bytes. JPEGs are not opened for it: theirs always do. */
async function checkDepth(input: string | Uint8Array, limitInputPixels: number): Promise<void> {
  if (typeof input === 'string' && hasExtension(input, '.jpg', '.jpeg')) return;
  const header = await firstBytes(input);
  const isDeepPng = header.toString('latin1', 1, 4) === 'PNG' && header[24] === 16;
  const isTiff = /^(II[*+]\0|MM\0[*+])/.test(header.toString('latin1', 0, 4));
  if (!isDeepPng && !isTiff) return;
  const picture = sharp(input, { limitInputPixels });
  const { depth, channels, space, bitsPerSample } = await picture.metadata();
  if (channels > 4 && space !== 'cmyk') throw new Error(`${channels} values per pixel; keep red, green and blue`);
  if (depth === 'ushort') {
    const { channels: statistics } = await picture.stats();
    const largest = Math.max(...statistics.slice(0, channels < 3 ? 1 : 3).map(({ max }) => max));
    if (largest === 0 || largest > CAMERA_MAX) return;
    throw new Error(`values up to ${largest} in 16 bits, which would be black; stretch them to 16 bits (times 16 for a 12 bit camera's) or save 8`);
  }
  if (depth === 'uchar') return;
  throw new Error(`${bitsPerSample} bit ${DEPTHS[depth]} values, of which nothing says what is black and white; save it with 8 or 16 bits`);
}

async function firstBytes(input: string | Uint8Array): Promise<Buffer> {
  if (typeof input !== 'string') return Buffer.from(input.buffer, input.byteOffset, Math.min(HEADER_BYTES, input.byteLength));
  const file = await open(input);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function describeInput(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : `${input.byteLength} bytes in memory`;
}
