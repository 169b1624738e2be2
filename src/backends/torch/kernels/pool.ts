// Pooling over 2 or 3 spatial axes of channels-last tensors, on ATen's pooling operators.

import type { DataType } from '@tensorflow/tfjs-core';
import { aten, atenList, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { castTo } from './cast.ts';
import { countFrom } from './creation.ts';
import { channelsFirst, channelsLast, fitPadding, inputShaped, padInput, unpadGradient } from './slidingWindow.ts';
import type { SlidingWindow, WindowPadding } from './slidingWindow.ts';

const maxWithIndices = { 2: atenList('max_pool2d_with_indices'), 3: atenList('max_pool3d_with_indices') };
const maxBackward = { 2: aten('max_pool2d_with_indices_backward'), 3: aten('max_pool3d_with_indices_backward') };
const average = { 2: aten('avg_pool2d'), 3: aten('avg_pool3d') };
const averageBackward = { 2: aten('avg_pool2d_backward'), 3: aten('avg_pool3d_backward') };
const newOnes = aten('new_ones');
const newEmpty = aten('new_empty');
const clampMin = aten('clamp_min');
const divide = aten('div', 'Tensor');
const multiply = aten('mul', 'Scalar');
const add = aten('add', 'Tensor');
const addScalar = aten('add', 'Scalar');
const divideFloor = aten('div', 'Scalar_mode');
const remainder = aten('remainder', 'Scalar');
const typeAs = aten('type_as');
const reshape = aten('reshape');

// ATen's pooling takes padding up to half the window.
const largestShare = 0.5;
const lowestInt32 = -(2 ** 31);

function axesOf(window: SlidingWindow): 2 | 3 {
  return window.size.length === 3 ? 3 : 2;
}

function maxInput(x: Handle, dtype: DataType, window: SlidingWindow, fit: WindowPadding): Handle {
  return padInput(channelsFirst(x, axesOf(window)), fit, dtype === 'int32' ? lowestInt32 : -Infinity);
}

/**
 * @param x [N, ...spatial, C]
 * @returns [N, ...positions, C]
 */
export function maxPool(x: Handle, dtype: DataType, window: SlidingWindow): Handle {
  const axes = axesOf(window);
  if (window.positions.includes(0)) return nothing(x, window);
  const fit = fitPadding(window, largestShare);
  const [y] = maxWithIndices[axes](maxInput(x, dtype, window, fit), window.kernel, window.stride, fit.padding, window.dilation);
  return channelsLast(y!, axes);
}

/** The gradient of `maxPool`: all of it goes to the first of the largest values. */
export function maxPoolBackward(dy: Handle, x: Handle, window: SlidingWindow): Handle {
  const axes = axesOf(window);
  const fit = fitPadding(window, largestShare);
  const geometry = [window.kernel, window.stride, fit.padding, window.dilation, false] as const;
  // The tape kept the values of the forward kernel, not their places.
  const input = maxInput(x, 'float32', window, fit);
  const [, indices] = maxWithIndices[axes](input, ...geometry);
  const gradient = maxBackward[axes](channelsFirst(typeAs(dy, x), axes), input, ...geometry, indices);
  return channelsLast(unpadGradient(gradient, fit), axes);
}

/**
 * @param x [N, H, W, C]
 * @returns the largest values, and where they are in x, flattened, int32: over [H, W, C], or [N, H, W, C] with the batch
 */
export function maxPoolPositions(
  x: Handle, [batch, height, width, channels]: readonly number[], window: SlidingWindow, includeBatch: boolean, device: string,
): [values: Handle, positions: Handle] {
  const fit = fitPadding(window, largestShare);
  const [values, indices] = maxWithIndices[2](
    maxInput(x, 'float32', window, fit), window.kernel, window.stride, fit.padding, window.dilation);
  const [left = 0, , top = 0] = fit.explicit ?? [];
  const paddedWidth = fit.paddedSize[1]!;
  const row = addScalar(divideFloor(indices, paddedWidth, 'floor'), -top, 1);
  const column = addScalar(remainder(indices, paddedWidth), -left, 1);
  let pixel = add(column, row, width);
  if (includeBatch) pixel = add(pixel, reshape(countFrom(0, height! * width!, batch!, 'int32', device), [-1, 1, 1, 1]), 1);
  const position = add(multiply(pixel, channels), reshape(countFrom(0, 1, channels!, 'int32', device), [-1, 1, 1]), 1);
  return [channelsLast(values!, 2), castTo(channelsLast(position, 2), 'int32')];
}

/**
 * @param x [N, ...spatial, C], floats
 * @returns [N, ...positions, C]; 0 where a window holds nothing but padding
 */
export function averagePool(x: Handle, window: SlidingWindow): Handle {
  const axes = axesOf(window);
  if (window.positions.includes(0)) return nothing(x, window);
  const fit = fitPadding(window, largestShare);
  const input = channelsFirst(x, axes);
  if (fit.explicit === undefined) {
    return channelsLast(average[axes](input, window.kernel, window.stride, fit.padding, false, false), axes);
  }
  const sums = windowSums(padInput(input, fit, 0), window);
  return channelsLast(divide(sums, elementCounts(x, window, fit)), axes);
}

/** The gradient of `averagePool`, for an input of shape `inputShape`. */
export function averagePoolBackward(dy: Handle, inputShape: readonly number[], window: SlidingWindow): Handle {
  const axes = axesOf(window);
  const fit = fitPadding(window, largestShare);
  const input = inputShaped(dy, inputShape[0]!, inputShape[axes + 1]!, fit.paddedSize);
  const gradient = channelsFirst(dy, axes);
  if (fit.explicit === undefined) {
    const result = averageBackward[axes](gradient, input, window.kernel, window.stride, fit.padding, false, false, null);
    return channelsLast(result, axes);
  }
  const share = divide(gradient, elementCounts(dy, window, fit));
  const result = averageBackward[axes](share, input, window.kernel, window.stride, fit.padding, false, true, 1);
  return channelsLast(unpadGradient(result, fit), axes);
}

function windowSums(x: Handle, window: SlidingWindow): Handle {
  return average[axesOf(window)](x, window.kernel, window.stride, window.size.map(() => 0), false, true, 1);
}

// How many elements of the input, not of its padding, lie under each window, at least 1: [1, 1, ...positions].
function elementCounts(like: Handle, window: SlidingWindow, fit: WindowPadding): Handle {
  return clampMin(windowSums(padInput(newOnes(like, [1, 1, ...window.size]), fit, 0), window), 1);
}

// The result where a volume is smaller than its window: no positions.
function nothing(x: Handle, window: SlidingWindow): Handle {
  const sizes = binding().sizes(x);
  return newEmpty(x, [sizes[0]!, ...window.positions, sizes.at(-1)!]);
}
