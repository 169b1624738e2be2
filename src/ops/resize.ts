// Resizing of images as torch's `interpolate` does, without antialiasing: pixels are squares whose middles are interpolated
// between, or, with alignCorners, points whose outermost ones stay where they are.

import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, withGradient } from './fused.ts';
import { bicubicRule, bilinearRule, resample } from './resampling.ts';

/** Where pixels lie. */
export interface ResizeOptions {
  /** Whether the centres of the corner pixels stay where they are, or the corners of the image. Default false: the corners. */
  readonly alignCorners?: boolean;
}

/** Height and width in pixels. */
export type ImageSize = readonly [height: number, width: number];

/**
 * Interpolates linearly between the four nearest pixels.
 *
 * @param x [B, H, W, C], float32
 * @returns [B, h, w, C]
 * @throws ShapeError
 */
export function resizeBilinear(x: Tensor, size: ImageSize, { alignCorners = false }: ResizeOptions = {}): Tensor {
  checkResize('resizeBilinear', x, size);
  return resize(x, size, alignCorners, false);
}

/**
 * Interpolates with cubic polynomials between the sixteen nearest pixels. The result may leave the range of x.
 *
 * @param x [B, H, W, C], float32
 * @returns [B, h, w, C]
 * @throws ShapeError
 */
export function resizeBicubic(x: Tensor, size: ImageSize, { alignCorners = false }: ResizeOptions = {}): Tensor {
  checkResize('resizeBicubic', x, size);
  return resize(x, size, alignCorners, true);
}

/** `resizeBilinear` from tfjs's own operations, unchecked. */
export function resizeBilinearComposed(x: Tensor, size: ImageSize, { alignCorners = false }: ResizeOptions = {}): Tensor {
  return resample(x, size, bilinearRule(alignCorners));
}

/** `resizeBicubic` from tfjs's own operations, unchecked. */
export function resizeBicubicComposed(x: Tensor, size: ImageSize, { alignCorners = false }: ResizeOptions = {}): Tensor {
  return resample(x, size, bicubicRule(alignCorners));
}

function resize(x: Tensor, size: ImageSize, alignCorners: boolean, cubic: boolean): Tensor {
  if (!fusedKernel('MpvgResize')) return resample(x, size, cubic ? bicubicRule(alignCorners) : bilinearRule(alignCorners));
  const { shape } = x;
  return withGradient(
    [x],
    () => runFused('MpvgResize', { x }, { size, alignCorners, cubic }),
    (dy) => runFused('MpvgResizeGrad', { dy }, { shape, alignCorners, cubic }),
  );
}

/** @throws ShapeError unless x is images and the size is of a whole number of pixels */
export function checkResize(where: string, x: Tensor, size: ImageSize): void {
  checkShape(where, 'x', x, ['B', 'H', 'W', 'C']);
  if (!size.every((pixels) => Number.isInteger(pixels) && pixels > 0)) {
    throw new ShapeError(`${where}: expected whole numbers [height, width] above 0 for size, got [${size.join(', ')}]`);
  }
}
