// Weights of antialiased resampling along one axis, in fixed point.
// Source: Pillow, src/libImaging/Resample.c: a filter of the width of one output pixel (at least of one input pixel), cut off at
// the picture's edge and normalised to sum 1; 22 fractional bits leave room for a sum of products with 8-bit pixels in 32 bits.

import type { Interpolation } from './imageTransform.ts';

/** Fractional bits of a weight; resampleKernel.wat shifts by it. */
const WEIGHT_BITS = 22;

/** Which inputs each output is made of. Output i reads taps[i] inputs from starts[i] on, weighted by weights[i * stride …]. */
export interface ResampleWeights {
  readonly starts: Int32Array;
  readonly taps: Int32Array;
  /** Fixed point with 22 fractional bits. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Half the filter's width in input pixels when not shrinking. */
const SUPPORT: Record<Interpolation, number> = { bilinear: 1, bicubic: 2 };

/**
 * Weights for outputs [from, from + count) of an axis resized from `inSize` to `outSize` pixels.
 * Starts are relative to the axis' first pixel.
 */
export function resampleWeights(
  inSize: number,
  outSize: number,
  from: number,
  count: number,
  interpolation: Interpolation,
): ResampleWeights {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT[interpolation] * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const inverseFilterScale = 1 / filterScale;
  const filter = interpolation === 'bilinear' ? triangle : keys;
  const starts = new Int32Array(count);
  const taps = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const real = new Float64Array(stride);
  for (let i = 0; i < count; i++) {
    const centre = (from + i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), inSize);
    let sum = 0;
    for (let x = start; x < end; x++) {
      const weight = filter((x - centre + 0.5) * inverseFilterScale);
      real[x - start] = weight;
      sum += weight;
    }
    const inverseSum = 1 / sum;
    starts[i] = start;
    taps[i] = end - start;
    for (let tap = 0; tap < end - start; tap++) {
      const weight = (real[tap] ?? 0) * inverseSum * (1 << WEIGHT_BITS);
      weights[i * stride + tap] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return { starts, taps, weights, stride };
}

function triangle(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}

/** Keys' cubic with a = -0.5. */
function keys(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}
