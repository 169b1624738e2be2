// Max pooling with torch's padding: the same at both ends, rounding down, and what is outside never wins.

import { maxPool } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';

/** How the window goes over the image. */
export interface MaxPool2dOptions {
  /** Side of the window. */
  readonly kernel: number;
  /** Default: the kernel, so that windows do not overlap. */
  readonly stride?: number;
  /** At most half the kernel; default 0. */
  readonly padding?: number;
}

/**
 * The largest value of each window.
 *
 * @param x [B, H, W, C], float32
 * @returns [B, H', W', C]; H' = ⌊(H + 2 padding - kernel) / stride⌋ + 1
 * @throws ShapeError
 */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  const { kernel, stride = kernel, padding = 0 } = options;
  checkShape('maxPool2d', 'x', x, ['B', 'H', 'W', 'C']);
  for (const [name, value] of Object.entries({ kernel, stride })) {
    if (!Number.isInteger(value) || value < 1) throw new ShapeError(`maxPool2d: expected a whole number of 1 or more for ${name}, got ${value}`);
  }
  if (!Number.isInteger(padding) || padding < 0 || 2 * padding > kernel) {
    throw new ShapeError(`maxPool2d: expected a whole number in 0 … ${Math.floor(kernel / 2)} for padding, got ${padding}`);
  }
  const [, height = 0, width = 0] = x.shape;
  if (Math.min(height, width) + 2 * padding < kernel) {
    throw new ShapeError(`maxPool2d: expected an image that holds the ${kernel} x ${kernel} window for x, got ${height} x ${width}`);
  }
  if (!fusedKernel('MpvgMaxPool')) return maxPool2dComposed(x, options);
  const attributes = { kernel, stride, padding };
  const { shape } = x;
  return withGradient(
    [x],
    (save) => {
      const [y, winners] = runFusedList('MpvgMaxPool', { x }, attributes) as [Tensor, Tensor];
      save([winners]);
      return y;
    },
    (dy, [winners]) => runFused('MpvgMaxPoolGrad', { dy, winners: winners! }, { ...attributes, shape }),
  );
}

/** `maxPool2d` from tfjs's own operations, unchecked. */
export function maxPool2dComposed(x: Tensor, { kernel, stride = kernel, padding = 0 }: MaxPool2dOptions): Tensor {
  return maxPool(x as Tensor4D, kernel, stride, padding, 'floor');
}
