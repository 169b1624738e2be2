// Layer normalisation over the last axis: y = (x - mean) / sqrt(variance + eps) · weight + bias, the variance biased.
// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.

import { add, mean, mul, rsqrt, square, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFusedList, withGradient } from './fused.ts';

/**
 * Normalises the last axis.
 *
 * @param x [..., C], float32
 * @param weight [C], float32
 * @param bias [C], float32
 * @param eps added to the variance; default 1e-6
 * @returns [..., C]
 * @throws ShapeError
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-6): Tensor {
  checkShape('layerNorm', 'x', x, ['...', 'C']);
  const channels = x.shape.at(-1) ?? 0;
  checkShape('layerNorm', 'weight', weight, [channels]);
  checkShape('layerNorm', 'bias', bias, [channels]);
  if (!fusedKernel('MpvgLayerNorm')) return layerNormComposed(x, weight, bias, eps);
  return withGradient(
    [x, weight, bias],
    (save) => {
      const [y, mean, rstd] = runFusedList('MpvgLayerNorm', { x, weight, bias }, { eps }) as [Tensor, Tensor, Tensor];
      save([x, mean, rstd, weight]);
      return y;
    },
    (dy, saved) => {
      const [x, mean, rstd, weight] = saved as [Tensor, Tensor, Tensor, Tensor];
      return runFusedList('MpvgLayerNormGrad', { dy, x, mean, rstd, weight });
    },
  );
}

/** `layerNorm` from tfjs's own operations, unchecked. */
export function layerNormComposed(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-6): Tensor {
  const centred = sub(x, mean(x, -1, true));
  const scale = rsqrt(add(mean(square(centred), -1, true), eps)); // [..., 1]
  return add(mul(mul(centred, scale), weight), bias);
}
