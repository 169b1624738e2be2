// PNG files written by hand, so that every bit depth and colour type can be tested.

import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.of(137, 80, 78, 71, 13, 10, 26, 10);

export interface PngOptions {
  readonly width: number;
  readonly height: number;
  /** Bits per value. */
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** Default 'grey'. A palette's colours are 255 - index, so that a decoder which applies it gives other values. */
  readonly kind?: 'grey' | 'palette';
  /** Chunks put before the pixels, such as gAMA. */
  readonly extra?: readonly Buffer[];
}

/** One PNG chunk: length, type, data, checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/** A grey or palette PNG of these values, row by row. */
export function pngOf(values: ArrayLike<number>, { width, height, depth, kind = 'grey', extra = [] }: PngOptions): Buffer {
  const rowBytes = Math.ceil((width * depth) / 8) + 1;
  const rows = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = values[y * width + x]!;
      const at = y * rowBytes + 1;
      const bit = x * depth;
      if (depth === 16) rows.writeUInt16BE(value, at + 2 * x);
      else rows[at + (bit >> 3)]! |= value << (8 - depth - (bit & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, kind === 'grey' ? 0 : 3, 0, 0, 0], 8);
  const palette = kind === 'grey' ? [] : [pngChunk('PLTE', Buffer.from(Array.from({ length: 3 << depth }, (_, i) => 255 - Math.floor(i / 3))))];
  return Buffer.concat([
    SIGNATURE, pngChunk('IHDR', header), ...palette, ...extra, pngChunk('IDAT', deflateSync(rows)), pngChunk('IEND', Buffer.alloc(0)),
  ]);
}
