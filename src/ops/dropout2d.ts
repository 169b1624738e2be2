// Dropout of whole channels: in training, each channel of each sample is set to 0 with probability `rate`, and the others are
// divided by 1 - rate. Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015.

import { mul, reshape } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { dropPathScale } from './dropPath.ts';
import { withGradient } from './fused.ts';

/**
 * Leaves channels out. Drawn by the backend, so that a recorded step draws anew each time.
 *
 * @param x [B, H, W, C], float32
 * @param rate in [0, 1)
 * @param training false: x itself
 * @throws ShapeError
 */
export function dropout2d(x: Tensor, rate: number, training: boolean): Tensor {
  checkShape('dropout2d', 'x', x, ['B', 'H', 'W', 'C']);
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`dropout2d: expected a number in [0, 1) for rate, got ${rate}`);
  const [batch = 0, , , channels = 0] = x.shape;
  const drawn = dropPathScale(batch * channels, rate, training);
  if (drawn === undefined) return x;
  const scale = reshape(drawn, [batch, 1, 1, channels]);
  return withGradient(
    [x],
    (save) => {
      save([scale]);
      return mul(x, scale);
    },
    (dy, [scale]) => mul(dy, scale!),
  );
}
