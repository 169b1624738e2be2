// Photos to RGB bytes, by libvips through sharp. The pipeline only decodes: cropping and resizing follow Pillow's arithmetic
// (transforms/resample.ts), which libvips' own resampling does not.
//
// What each kind of file becomes:
//   EXIF orientation   applied; the picture stands upright and its size is that of the upright picture
//   grey               the grey value in all three channels
//   CMYK               converted to sRGB, with libvips' built-in CMYK profile
//   embedded profile   ignored for RGB: values as stored, which is what Pillow's convert('RGB') and so the papers' pipelines see
//   16 bits            the high byte
//   alpha              flattened over white
//   animated           first frame
//   several pages      first page
//   truncated          DataError; so is anything else that libvips cannot decode
//   damaged, complete  what libjpeg makes of it (stray bytes, a bad Huffman code): ImageNet has such files

import sharp from 'sharp';
import { DataError } from '../errors.ts';
import type { RawImage } from './dataset.ts';

const WHITE = { r: 255, g: 255, b: 255 };

// One libvips thread per picture: the parallelism is across pictures. No cache: each file is read once per epoch.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a picture to RGB; the table at the top of this file says what becomes of unusual ones. Runs on libuv's thread pool.
 * @param input a path, or the bytes of a file
 * @param name what an error calls it; default: the path
 * @throws DataError naming the file when it is missing, truncated or not a picture
 */
export async function decodeImage(input: string | Uint8Array, name = describeInput(input)): Promise<RawImage> {
  try {
    const { data, info } = await sharp(input, { failOn: 'error', pages: 1, ignoreIcc: true, sequentialRead: true })
      .autoOrient()
      .flatten({ background: WHITE })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to sRGB`);
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width: info.width, height: info.height };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, '; ');
    throw new DataError(`decodeImage: expected a complete picture (JPEG, PNG, WebP, TIFF, GIF, AVIF) in ${name}, got: ${reason}`);
  }
}

function describeInput(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : `${input.byteLength} bytes in memory`;
}
