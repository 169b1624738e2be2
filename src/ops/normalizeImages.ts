// From pixel values to what a model sees: (value / 255 - mean) / std, for each colour.

import { add, cast, mul, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';

/** Red, green, blue. */
export type Rgb = readonly [number, number, number];

/**
 * Normalises images.
 *
 * @param images [B, H, W, 3], int32 or float32, values 0 … 255
 * @param mean of each colour, of values scaled to [0, 1]
 * @param std likewise
 * @returns [B, H, W, 3], float32
 * @throws ShapeError
 */
export function normalizeImages(images: Tensor, mean: Rgb, std: Rgb): Tensor {
  checkShape('normalizeImages', 'images', images, ['B', 'H', 'W', 3]);
  const scale = tensor1d(std.map((value) => 1 / (255 * value)));
  const shift = tensor1d(mean.map((value, i) => -value / std[i]!));
  return add(mul(cast(images, 'float32'), scale), shift);
}
