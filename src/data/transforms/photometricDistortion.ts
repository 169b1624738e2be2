// Random brightness, contrast, saturation and hue. Each is applied with probability 1/2; contrast comes before or after
// saturation and hue, as a coin says.
// Source: mmsegmentation 0.30, PhotoMetricDistortion (after Liu et al. 2016, SSD, section 2.2): order, ranges and arithmetic,
// which is float32 cut off to a byte after every step, and a way to HSV and back for each of saturation and hue.
//
// HSV is OpenCV's in bytes: hue 0 to 179 (2 degrees each), saturation and value 0 to 255. Source: OpenCV 4.10,
// modules/imgproc/src/color_hsv.simd.hpp, RGB2HSV_b and HSV2RGB_b as its vector code computes them on x86: to HSV in whole
// numbers with 12 fractional bits, back in float32, 1 - s * f rounded once, cut off to bytes. The last pixels of a row, which do
// not fill a vector there, are rounded instead; here all are alike. The loops are WebAssembly with SIMD (colourKernel.wat).

import type { Rng } from '../../random/rng.ts';
import { COLOUR_KERNEL } from './colourKernel.ts';
import { growTo, loadKernel, type KernelMemory } from '../kernelLoader.ts';

/** How far colours may change. */
export interface PhotometricRanges {
  /** Greatest number of levels added or taken away. */
  readonly brightness: number;
  /** Least and greatest factor. */
  readonly contrast: readonly [number, number];
  /** Least and greatest factor. */
  readonly saturation: readonly [number, number];
  /** Hue turns by a whole number from -hue to hue - 1, in units of 2 degrees; at most 180. */
  readonly hue: number;
}

/** What is done to one picture; a member that is missing is not done. */
export interface PhotometricChange {
  /** Levels added. */
  readonly brightness?: number;
  /** A factor. */
  readonly contrast?: number;
  /** Before saturation and hue; else after them. */
  readonly contrastFirst: boolean;
  /** A factor. */
  readonly saturation?: number;
  /** Units of 2 degrees, whole. */
  readonly hue?: number;
}

/** What colourKernel.wat exports; numbers are byte addresses in its memory and counts. */
interface Kernel {
  readonly memory: KernelMemory;
  readonly levels: (at: number, bytes: number, factor: number, shift: number) => void;
  readonly hsv: (at: number, pixels: number, tables: number, factor: number, turn: number) => void;
}

/** Hues in a circle. */
const HUES = 180;
const TABLES = 0;
const PIXELS = 2048;
let kernel: Kernel | undefined;

/** Draws a change: brightness, whether contrast comes first, contrast if so, saturation, hue, contrast if not. */
export function drawPhotometricChange(ranges: PhotometricRanges, rng: Rng): PhotometricChange {
  const drawContrast = () => (rng.chance(0.5) ? { contrast: rng.uniform(...ranges.contrast) } : {});
  const brightness = rng.chance(0.5) ? { brightness: rng.uniform(-ranges.brightness, ranges.brightness) } : {};
  const contrastFirst = rng.chance(0.5);
  const early = contrastFirst ? drawContrast() : {};
  const saturation = rng.chance(0.5) ? { saturation: rng.uniform(...ranges.saturation) } : {};
  const hue = rng.chance(0.5) ? { hue: rng.integer(2 * ranges.hue) - ranges.hue } : {};
  const late = contrastFirst ? {} : drawContrast();
  return { contrastFirst, ...brightness, ...early, ...saturation, ...hue, ...late };
}

/** Changes RGB bytes in place. */
export function changePhotometry(pixels: Uint8Array, change: PhotometricChange): void {
  const { brightness, contrast, contrastFirst, saturation, hue } = change;
  if (brightness === undefined && contrast === undefined && saturation === undefined && hue === undefined) return;
  kernel ??= loadColourKernel();
  const { memory, levels, hsv } = kernel;
  growTo(memory, PIXELS + pixels.length + 16);
  const held = new Uint8Array(memory.buffer, PIXELS, pixels.length);
  held.set(pixels);
  if (brightness !== undefined) levels(PIXELS, pixels.length, 1, brightness);
  if (contrast !== undefined && contrastFirst) levels(PIXELS, pixels.length, contrast, 0);
  if (saturation !== undefined) hsv(PIXELS, pixels.length / 3, TABLES, saturation, 0);
  if (hue !== undefined) hsv(PIXELS, pixels.length / 3, TABLES, 1, (hue + HUES) % HUES);
  if (contrast !== undefined && !contrastFirst) levels(PIXELS, pixels.length, contrast, 0);
  pixels.set(held);
}

function loadColourKernel(): Kernel {
  const loaded = loadKernel(COLOUR_KERNEL) as Kernel;
  const tables = new Int32Array(loaded.memory.buffer, TABLES, 512);
  for (let i = 1; i < 256; i++) {
    tables[i] = Math.round((255 << 12) / i);
    tables[256 + i] = Math.round((HUES << 12) / (6 * i));
  }
  return loaded;
}
