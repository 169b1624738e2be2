// Label images to be looked at: a palette gives each class its colour, the pixels stay class numbers. Written here, since image
// libraries choose the order of a palette themselves.
// Format: PNG specification (ISO/IEC 15948), colour type 3.

import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { ShapeError } from '../errors.ts';

/** What a PNG file begins with. */
export const PNG_SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
const PALETTE = 3;

const compress = promisify(deflate);

/**
 * Encodes class numbers as an 8-bit palette PNG. Readers of label images (readLabelImage, PIL's `numpy.array(Image.open(…))`)
 * get the class numbers back, viewers show colours.
 *
 * @param labels.data [height * width], each below the number of colours
 * @param palette RGB bytes, [classes, 3], at most 256
 * @throws ShapeError when sizes or numbers do not fit
 */
export async function encodeLabelPng(
  { data, width, height }: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  palette: Uint8Array,
): Promise<Buffer> {
  const colours = palette.length / 3;
  if (data.length !== width * height) {
    throw new ShapeError(`encodeLabelPng: expected ${width} x ${height} values for labels, got ${data.length}`);
  }
  if (!Number.isInteger(colours) || colours < 1 || colours > 256) {
    throw new ShapeError(`encodeLabelPng: expected 1 to 256 colours of 3 bytes for palette, got ${palette.length} bytes`);
  }
  const rows = Buffer.alloc(height * (width + 1)); // a 0 before each row: no filter, since neighbouring numbers are no shades
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const wrong = data.find((label) => label >= colours);
  if (wrong !== undefined) throw new ShapeError(`encodeLabelPng: expected numbers below ${colours} for labels, got ${wrong}`);

  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, PALETTE, 0, 0, 0], 8);
  return Buffer.concat([
    PNG_SIGNATURE, chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', await compress(rows)), chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}
