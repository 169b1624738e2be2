// Whether a photo can be decoded, and its size, without decoding all of it where that says nothing more.

import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { decodeImage } from './decode.ts';

/** Of a photo that stands upright, in pixels. */
interface UprightSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Looks at a photo. A JPEG that is not progressive is sound when its header can be read and its last bytes are its end mark: what
 * decodeImage refuses besides is a file that is cut off, and what is damaged between becomes what libjpeg makes of it (but for
 * tables of its header, in which damage is too rare to decode millions of photos for). All others are decoded.
 * @throws DataError as decodeImage does
 */
export async function lookAtPhoto(file: string): Promise<UprightSize> {
  return (await sizeOfWholeJpeg(file).catch(() => undefined)) ?? decodedSize(file);
}

async function decodedSize(file: string): Promise<UprightSize> {
  const { width, height } = await decodeImage(file);
  return { width, height };
}

/** Undefined for what is no JPEG, cut off, or unusual. */
async function sizeOfWholeJpeg(file: string): Promise<UprightSize | undefined> {
  if (!(await hasJpegEnds(file))) return undefined;
  const { format, isProgressive, autoOrient } = await sharp(file).metadata();
  if (format !== 'jpeg' || isProgressive) return undefined;
  return autoOrient;
}

/** Whether the first two bytes begin a JPEG and the last two end one. */
async function hasJpegEnds(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const ends = Buffer.alloc(4);
    await file.read(ends, 0, 2, 0);
    await file.read(ends, 2, 2, (await file.stat()).size - 2);
    return ends.equals(Buffer.of(0xff, 0xd8, 0xff, 0xd9));
  } finally {
    await file.close();
  }
}
