// Global average pooling: the mean over the tokens. Its gradient is spread by a broadcast of [1, N, 1]; tfjs's own would first
// make a tensor of ones of the input's shape.

import { expandDims, fill, mean, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import { withGradient } from './fused.ts';

/**
 * Averages the tokens of each sample.
 *
 * @param x [B, N, C], float32
 * @returns [B, C]
 * @throws ShapeError
 */
export function meanTokens(x: Tensor): Tensor {
  checkShape('meanTokens', 'x', x, ['B', 'N', 'C']);
  const tokens = x.shape[1]!;
  return withGradient(
    [x],
    () => mean(x, 1),
    (dy) => mul(expandDims(mul(dy, 1 / tokens), 1), fill([1, tokens, 1], 1)),
  );
}
