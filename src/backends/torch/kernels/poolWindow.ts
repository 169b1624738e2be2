// The windows of pooling kernels from their attributes.

import { backend_util } from '@tensorflow/tfjs-core';
import type { AvgPool3DAttrs, AvgPoolAttrs } from '@tensorflow/tfjs-core';
import { window2D, window3D } from './slidingWindow.ts';
import type { SlidingWindow } from './slidingWindow.ts';

/**
 * @param shape of the input, [N, height, width, C]
 * @param resultShape of the result, where it is known: tfjs-core's gradients do not say how the forward kernel rounded
 */
export function poolWindow2D(
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: AvgPoolAttrs,
  resultShape?: readonly number[],
): SlidingWindow {
  const info = backend_util.computePool2DInfo(
    shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode);
  return known(window2D(info), resultShape);
}

/** The same for [N, depth, height, width, C]. */
export function poolWindow3D(
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: Omit<AvgPool3DAttrs, 'dataFormat'>,
  resultShape?: readonly number[],
): SlidingWindow {
  const info = backend_util.computePool3DInfo(
    shape as [number, number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode);
  return known(window3D(info), resultShape);
}

function known(window: SlidingWindow, resultShape: readonly number[] | undefined): SlidingWindow {
  return resultShape === undefined ? window : { ...window, positions: resultShape.slice(1, -1) };
}
