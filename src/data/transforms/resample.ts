// Crop, resize and mirror in one go, with Pillow's arithmetic: each row to its new width, rounded to bytes, then rows mixed.
// Source: Pillow up to 12, src/libImaging/Resample.c (8 bits per channel), bit for bit. Pillow 13 mixes rows first where that is
// less work, and then differs by one level here and there. The inner loops are WebAssembly with SIMD (resampleKernel.wat): they
// take an eighth of the time of the same loops in JavaScript.

import type { RawImage } from '../decode.ts';
import type { Interpolation } from './imageTransform.ts';
import { growTo, loadKernel, type KernelMemory } from '../kernelLoader.ts';
import { RESAMPLE_KERNEL } from './resampleKernel.ts';
import { resampleWeights, type ResampleWeights } from './resampleWeights.ts';

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

/** What resampleKernel.wat exports; numbers are byte addresses in its memory, sizes in bytes, and counts. */
interface Kernel {
  readonly memory: KernelMemory;
  readonly columns: (
    input: number, inBytes: number, rows: number, table: number, entryBytes: number, count: number, out: number, outBytes: number,
  ) => void;
  readonly rows: (rows: number, rowBytes: number, table: number, entryBytes: number, count: number, out: number) => void;
}

/** How much of a picture is copied into the kernel's memory at a time. */
const BAND_BYTES = 1 << 20;
let kernel: Kernel | undefined;

/**
 * Pillow's `crop(crop).resize(resized).crop(window)`, mirrored if asked.
 * @param out receives RGB bytes [window.height, window.width, 3]
 */
export function resample(image: RawImage, options: ResampleOptions, out: Uint8Array): void {
  const { crop, resized, window, interpolation, flip } = options;
  const horizontal = resampleWeights(crop.width, resized.width, window.x, window.width, interpolation);
  const vertical = resampleWeights(crop.height, resized.height, window.y, window.height, interpolation);
  const last = window.height - 1;
  const firstRow = vertical.starts[0]!;
  const rowCount = vertical.starts[last]! + vertical.taps[last]! - firstRow;
  // The kernel mixes 16 bytes at a time.
  const rowBytes = Math.ceil((window.width * 3) / 16) * 16;

  const imageRowBytes = image.width * 3;
  const bandRows = Math.max(1, Math.floor(BAND_BYTES / imageRowBytes));
  // The kernel's memory: tables, a band of the picture, the rows at their new width, the result; 16 bytes of slack after each.
  const columnTable = 0;
  const rowTable = columnTable + tableBytes(horizontal);
  const input = rowTable + tableBytes(vertical);
  const rows = input + bandRows * imageRowBytes + 16;
  const result = rows + rowCount * rowBytes + 16;
  const { memory, columns, rows: mixRows } = kernelWith(result + window.height * rowBytes + 16);
  const bytes = new Uint8Array(memory.buffer);

  writeTable(memory, columnTable, horizontal, 0, 3, flip);
  for (let row = 0; row < rowCount; row += bandRows) {
    const count = Math.min(bandRows, rowCount - row);
    const from = (crop.y + firstRow + row) * imageRowBytes + crop.x * 3;
    bytes.set(image.data.subarray(from, from + (count - 1) * imageRowBytes + crop.width * 3), input);
    columns(input, imageRowBytes, count, columnTable, entryBytes(horizontal), window.width, rows + row * rowBytes, rowBytes);
  }
  // Resizing to the same height would copy each row.
  if (crop.height === resized.height) {
    copyRows(bytes.subarray(rows), rowBytes, window, out);
    return;
  }
  writeTable(memory, rowTable, vertical, firstRow, rowBytes, false);
  mixRows(rows, rowBytes, rowTable, entryBytes(vertical), window.height, result);
  copyRows(bytes.subarray(result), rowBytes, window, out);
}

/** The thread's kernel, with a memory of at least `bytes` bytes; the memory only ever grows, to what the largest crop needs. */
function kernelWith(bytes: number): Kernel {
  kernel ??= loadKernel(RESAMPLE_KERNEL) as Kernel;
  growTo(kernel.memory, bytes);
  return kernel;
}

function entryBytes({ stride }: ResampleWeights): number {
  return (2 + stride) * 4;
}

function tableBytes(weights: ResampleWeights): number {
  return weights.starts.length * entryBytes(weights);
}

/** Writes a table as resampleKernel.wat reads it. Input `origin` has offset 0, the next one `inputBytes`. */
function writeTable(
  memory: KernelMemory,
  address: number,
  { starts, taps, weights, stride }: ResampleWeights,
  origin: number,
  inputBytes: number,
  reversed: boolean,
): void {
  const count = starts.length;
  const table = new Int32Array(memory.buffer, address, count * (2 + stride));
  for (let i = 0; i < count; i++) {
    const entry = (reversed ? count - 1 - i : i) * (2 + stride);
    table[entry] = (starts[i]! - origin) * inputBytes;
    table[entry + 1] = taps[i]!;
    table.set(weights.subarray(i * stride, (i + 1) * stride), entry + 2);
  }
}

/** Copies rows that are `rowBytes` apart to `out`, where they are adjacent. */
function copyRows(from: Uint8Array, rowBytes: number, { width, height }: Box, out: Uint8Array): void {
  if (rowBytes === width * 3) {
    out.set(from.subarray(0, height * rowBytes));
    return;
  }
  for (let y = 0; y < height; y++) out.set(from.subarray(y * rowBytes, y * rowBytes + width * 3), y * width * 3);
}
