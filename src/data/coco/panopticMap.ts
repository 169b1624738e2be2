// A panoptic PNG's colours as segment ids. Source: cocodataset/panopticapi, panopticapi/utils.py (rgb2id).

import { DataError } from '../../errors.ts';
import { loadSharp } from './loadSharp.ts';

/**
 * Segment ids from colours: red + 256 green + 65536 blue.
 * @param pixels [channels * pixels] bytes, channels together
 * @param channels 3, or 4 with a last one that does not count
 * @returns [pixels] ids
 */
export function panopticIds(pixels: Uint8Array | Uint8ClampedArray, channels: 3 | 4 = 3): Uint32Array {
  if (pixels.length % channels !== 0) {
    throw new DataError(`panopticIds: expected a multiple of ${channels} bytes for pixels, got ${pixels.length}`);
  }
  const ids = new Uint32Array(pixels.length / channels);
  for (let i = 0, at = 0; i < ids.length; i++, at += channels) {
    ids[i] = pixels[at]! | (pixels[at + 1]! << 8) | (pixels[at + 2]! << 16);
  }
  return ids;
}

/** The colour of a segment id: red, green, blue. */
export function panopticColour(id: number): [red: number, green: number, blue: number] {
  if (!Number.isInteger(id) || id < 0 || id > 0xffffff) {
    throw new DataError(`panopticColour: expected a whole number below 2^24 for id, got ${id}`);
  }
  return [id & 0xff, (id >> 8) & 0xff, id >> 16];
}

/**
 * Reads a panoptic PNG. Needs Node and the package sharp.
 * @param input a path, or the bytes of a file
 * @throws DataError when it is no picture with three channels of 8 bits
 */
export async function readPanopticMap(input: string | Uint8Array): Promise<{ ids: Uint32Array; width: number; height: number }> {
  const sharp = await loadSharp('readPanopticMap');
  const name = typeof input === 'string' ? input : `${input.length} bytes in memory`;
  try {
    const picture = sharp(input, { autoOrient: false, ignoreIcc: true });
    const { channels, depth } = await picture.metadata();
    if (channels !== 3 || depth !== 'uchar') throw new Error(`${channels} channels of type ${depth}`);
    const { data, info: { width, height } } = await picture.raw().toBuffer({ resolveWithObject: true });
    return { ids: panopticIds(data, 3), width, height };
  } catch (error) {
    throw new DataError(`readPanopticMap: expected a PNG with red, green and blue of 8 bits in ${name}, got: ${(error as Error).message}`);
  }
}
