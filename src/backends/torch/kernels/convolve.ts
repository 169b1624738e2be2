// Convolution and its two gradients in tfjs's layouts (filters [...window, C / groups, O]) on aten::convolution.

import { ShapeError } from '../../../errors.ts';
import { aten, atenList, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { channelsFirst, channelsLast, fitPadding, inputShaped, padInput, unpadGradient } from './slidingWindow.ts';
import type { SlidingWindow } from './slidingWindow.ts';

const convolution = aten('convolution');
const convolutionBackward = atenList('convolution_backward');
const permute = aten('permute');
const newEmpty = aten('new_empty');

/** What a convolution does beside its data. */
export interface Convolution {
  readonly window: SlidingWindow;
  /** Groups of channels that do not mix: 1, or the number of channels for a depthwise convolution. */
  readonly groups: number;
  /** 'last': [N, ...spatial, C]; 'first': [N, C, ...spatial]. */
  readonly channels: 'last' | 'first';
}

/**
 * @param x [N, ...spatial, C], or channels first
 * @param filter [...window, C / groups, O]
 * @param bias [O], or null
 * @returns [N, ...positions, O], or channels first
 */
export function convolve(x: Handle, filter: Handle, bias: Handle | null, { window, groups, channels }: Convolution): Handle {
  const axes = window.size.length;
  const fit = fitPadding(window);
  const input = padInput(channels === 'last' ? channelsFirst(x, axes) : x, fit, 0);
  const y = convolution(
    input, torchFilter(filter, axes), bias, window.stride, fit.padding, window.dilation, false, window.size.map(() => 0), groups,
  );
  return channels === 'last' ? channelsLast(y, axes) : y;
}

/**
 * The gradient of `convolve` by x.
 *
 * @param dy the gradient by its result
 * @param inputShape of x, in its own layout
 */
export function convolveBackwardInput(
  dy: Handle, filter: Handle, inputShape: readonly number[], convolution: Convolution,
): Handle {
  const { groups, channels } = convolution;
  const window = windowOf(dy, convolution);
  const axes = window.size.length;
  const fit = fitPadding(window);
  const inChannels = inputShape[channels === 'last' ? axes + 1 : 1]!;
  const [gradient] = convolutionBackward(
    channels === 'last' ? channelsFirst(dy, axes) : dy, inputShaped(dy, inputShape[0]!, inChannels, fit.paddedSize),
    torchFilter(filter, axes), null, window.stride, fit.padding, window.dilation, false, window.size.map(() => 0), groups,
    [true, false, false],
  );
  const unpadded = unpadGradient(gradient!, fit);
  return channels === 'last' ? channelsLast(unpadded, axes) : unpadded;
}

/**
 * The gradient of `convolve` by its filter.
 *
 * @param filterShape [...window, C / groups, O]
 */
export function convolveBackwardFilter(
  x: Handle, dy: Handle, filterShape: readonly number[], convolution: Convolution,
): Handle {
  const { groups, channels } = convolution;
  const window = windowOf(dy, convolution);
  const axes = window.size.length;
  const [inChannels, outChannels] = filterShape.slice(axes);
  const fit = fitPadding(window);
  const [, gradient] = convolutionBackward(
    channels === 'last' ? channelsFirst(dy, axes) : dy,
    padInput(channels === 'last' ? channelsFirst(x, axes) : x, fit, 0),
    newEmpty(dy, [outChannels!, inChannels!, ...window.kernel]), null, window.stride, fit.padding, window.dilation, false,
    window.size.map(() => 0), groups, [false, true, false],
  );
  const spatial = window.size.map((_, axis) => axis + 2);
  return permute(gradient, [...spatial, 1, 0]);
}

// The window with as many positions as dy has. tfjs-core's gradients do not say how the forward kernel rounded, so dy may
// have one position more or less than they imply.
function windowOf(dy: Handle, { window, channels }: Convolution): SlidingWindow {
  const sizes = binding().sizes(dy);
  const positions = channels === 'last' ? sizes.slice(1, -1) : sizes.slice(2);
  if (!positions.every((count, axis) => Math.abs(count - window.positions[axis]!) <= 1)) {
    throw new ShapeError(`gradient of a convolution: expected ${window.positions.join(' x ')} positions for dy, got ${positions.join(' x ')}`);
  }
  return { ...window, positions };
}

// [...window, I, O] seen as [O, I, ...window]; no copy.
function torchFilter(filter: Handle, axes: number): Handle {
  return permute(filter, [axes + 1, axes, ...Array.from({ length: axes }, (_, axis) => axis)]);
}
