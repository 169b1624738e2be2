// Bilinear resizing without antialiasing, in OpenCV's arithmetic: what mmcv.imrescale makes of a photo.
// Source: OpenCV 4.10, modules/imgproc/src/resize.cpp, INTER_LINEAR for bytes: weights with 11 fractional bits, rounded half to
// even; columns are mixed first, to 15 bits, then rows. Halving both sides takes the mean of 2 x 2 pixels, as there. The inner
// loops are WebAssembly with SIMD (linearKernel.wat): they take a quarter of the time of the same loops in JavaScript.
// Pillow's bilinear (resample.ts) averages over more pixels when it shrinks; a model trained with the one is evaluated with it.

import type { RawImage } from '../decode.ts';
import { growTo, loadKernel, type KernelMemory } from '../kernelLoader.ts';
import { LINEAR_KERNEL } from './linearKernel.ts';
import type { Box } from './resample.ts';

/** Of a picture. */
export interface Size {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

export interface ResizeOptions {
  /** Size of the whole picture after resizing. */
  readonly resized: Size;
  /** The part of the resized picture that is computed; inside it. */
  readonly window: Box;
  /** Mirrors the window left to right. */
  readonly flip: boolean;
}

/** Two inputs of each output along an axis, and what they count, in 2048ths. */
interface LinearWeights {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

type Edge = 'edgePixelAlone' | 'edgePixelTwice';

/** What linearKernel.wat exports; numbers are byte addresses in its memory, weights in 2048ths, and counts. */
interface Kernel {
  readonly memory: KernelMemory;
  readonly columns: (input: number, table: number, count: number, out: number) => void;
  readonly rows: (upper: number, lower: number, upperWeight: number, lowerWeight: number, count: number, out: number) => void;
}

const ONE = 2048;
let kernel: Kernel | undefined;

/**
 * @param out receives RGB bytes, window.width * 3 of each of window.height rows
 * @param outRowBytes how far the rows of `out` are apart; default: adjacent
 */
export function resizeLinear(image: RawImage, options: ResizeOptions, out: Uint8Array, outRowBytes?: number): void {
  const { resized, window, flip } = options;
  const lineBytes = outRowBytes ?? window.width * 3;
  if (image.width === 2 * resized.width && image.height === 2 * resized.height) {
    halve(image, window, flip, out, lineBytes);
    return;
  }
  const columns = linearWeights(image.width, resized.width, window.x, window.width, 'edgePixelAlone');
  const rows = linearWeights(image.height, resized.height, window.y, window.height, 'edgePixelTwice');

  const rowBytes = image.width * 3;
  const outBytes = window.width * 3;
  const mixedBytes = multipleOf16(outBytes * 2 + 2);
  // The kernel's memory: table, a row of the picture, two rows at their new width, a row of the result.
  const table = 0;
  const input = multipleOf16(window.width * 12);
  const mixed = [input + multipleOf16(rowBytes + 1), input + multipleOf16(rowBytes + 1) + mixedBytes] as const;
  const result = mixed[1] + mixedBytes;
  kernel ??= loadKernel(LINEAR_KERNEL) as Kernel;
  const { memory, columns: mixColumns, rows: mixRows } = kernel;
  growTo(memory, result + multipleOf16(outBytes));
  const bytes = new Uint8Array(memory.buffer);
  writeTable(new Int32Array(memory.buffer, table, window.width * 3), columns, flip);

  const held: [number, number] = [-1, -1]; // which rows of the picture are mixed
  const rowAt = (y: number, keep: number): number => {
    const slot = held[0] === y ? 0 : held[1] === y ? 1 : held[0] === keep ? 1 : 0;
    if (held[slot] !== y) {
      bytes.set(image.data.subarray(y * rowBytes, (y + 1) * rowBytes), input);
      mixColumns(input, table, window.width, mixed[slot]);
      held[slot] = y;
    }
    return mixed[slot];
  };
  const line = bytes.subarray(result, result + outBytes);
  for (let y = 0; y < window.height; y++) {
    const [first, second] = [rows.first[y]!, rows.second[y]!];
    const upper = rowAt(first, second);
    const lower = rowAt(second, first);
    mixRows(upper, lower, rows.firstWeight[y]!, rows.secondWeight[y]!, outBytes, result);
    out.set(line, y * lineBytes);
  }
}

/** Weights for outputs [from, from + count). At an edge OpenCV takes the last column alone and mixes the last row with itself. */
function linearWeights(inSize: number, outSize: number, from: number, count: number, edge: Edge): LinearWeights {
  const scale = 1 / (outSize / inSize);
  const zeros = () => new Int32Array(count);
  const weights = { first: zeros(), second: zeros(), firstWeight: zeros(), secondWeight: zeros() };
  for (let i = 0; i < count; i++) {
    const centre = Math.fround((from + i + 0.5) * scale - 0.5);
    let first = Math.floor(centre);
    let share = Math.fround(centre - first);
    if (edge === 'edgePixelAlone' && (first < 0 || first >= inSize - 1)) {
      first = Math.min(Math.max(first, 0), inSize - 1);
      share = 0;
    }
    weights.first[i] = Math.min(Math.max(first, 0), inSize - 1);
    weights.second[i] = Math.min(Math.max(first + 1, 0), inSize - 1);
    weights.firstWeight[i] = roundHalfToEven(Math.fround(1 - share) * ONE);
    weights.secondWeight[i] = roundHalfToEven(share * ONE);
  }
  return weights;
}

/** Writes the columns' table as linearKernel.wat reads it. */
function writeTable(table: Int32Array, { first, second, firstWeight, secondWeight }: LinearWeights, flip: boolean): void {
  const count = first.length;
  for (let i = 0; i < count; i++) {
    const entry = (flip ? count - 1 - i : i) * 3;
    table[entry] = first[i]! * 3;
    table[entry + 1] = second[i]! * 3;
    table[entry + 2] = firstWeight[i]! | (secondWeight[i]! << 16);
  }
}

function halve({ data, width }: RawImage, window: Box, flip: boolean, out: Uint8Array, outRowBytes: number): void {
  const rowBytes = width * 3;
  for (let y = 0; y < window.height; y++) {
    for (let x = 0; x < window.width; x++) {
      const from = 2 * ((window.y + y) * rowBytes + (window.x + (flip ? window.width - 1 - x : x)) * 3);
      for (let channel = 0; channel < 3; channel++) {
        const a = from + channel;
        const sum = data[a]! + data[a + 3]! + data[a + rowBytes]! + data[a + rowBytes + 3]!;
        out[y * outRowBytes + x * 3 + channel] = (sum + 2) >> 2;
      }
    }
  }
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function multipleOf16(value: number): number {
  return Math.ceil(value / 16) * 16;
}
