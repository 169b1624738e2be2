// Average pooling to a given size: pixel i of n covers the source from ⌊iN/n⌋ to ⌈(i+1)N/n⌉, so that windows may overlap.
// Source: torch's AdaptiveAvgPool2d; pyramid pooling, Zhao et al., 2017, uses it.

import type { Tensor } from '@tensorflow/tfjs-core';
import { fusedKernel, runFused, withGradient } from './fused.ts';
import { averageRule, resample } from './resampling.ts';
import { checkResize, type ImageSize } from './resize.ts';

/**
 * Averages images down (or up) to a size.
 *
 * @param x [B, H, W, C], float32
 * @returns [B, h, w, C]
 * @throws ShapeError
 */
export function adaptiveAvgPool2d(x: Tensor, size: ImageSize): Tensor {
  checkResize('adaptiveAvgPool2d', x, size);
  if (!fusedKernel('MpvgAdaptiveAvgPool')) return adaptiveAvgPool2dComposed(x, size);
  const { shape } = x;
  return withGradient(
    [x],
    () => runFused('MpvgAdaptiveAvgPool', { x }, { size }),
    (dy) => runFused('MpvgAdaptiveAvgPoolGrad', { dy }, { shape }),
  );
}

/** `adaptiveAvgPool2d` from tfjs's own operations, unchecked. */
export function adaptiveAvgPool2dComposed(x: Tensor, size: ImageSize): Tensor {
  return resample(x, size, averageRule);
}
