// Convolution and its two gradients in tfjs's layouts (filters [...window, C / groups, O]) on aten::convolution, which wants
// one dtype. Activations may be stored as bfloat16 and decide; parameters, and so their gradients, are float32.

import { ShapeError } from '../../../errors.ts';
import { aten, atenList, binding } from '../binding.ts';
import type { Handle, NativeArg } from '../binding.ts';
import { castTo } from './cast.ts';
import { channelsFirst, channelsLast, fitPadding, inputShaped, padInput, unpadGradient } from './slidingWindow.ts';
import type { SlidingWindow, WindowPadding } from './slidingWindow.ts';

const convolution = aten('convolution');
const convolutionBackward = atenList('convolution_backward');
const permute = aten('permute');
const newEmpty = aten('new_empty');
const typeAs = aten('type_as');

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
  const fit = fitPadding(window);
  const input = padInput(inward(x, channels, window), fit, 0);
  const weight = torchFilter(typeAs(filter, x), window);
  const offset = bias === null ? null : typeAs(bias, x);
  return outward(convolution(input, weight, offset, ...geometry(window, fit, groups)), channels, window);
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
  const fit = fitPadding(window);
  const inChannels = channels === 'last' ? inputShape.at(-1) : inputShape[1];
  const [gradient] = convolutionBackward(
    inward(dy, channels, window), inputShaped(dy, inputShape[0]!, inChannels!, fit.paddedSize),
    torchFilter(typeAs(filter, dy), window), null, ...geometry(window, fit, groups), [true, false, false],
  );
  return outward(unpadGradient(gradient!, fit), channels, window);
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
  const fit = fitPadding(window);
  const [inChannels, outChannels] = filterShape.slice(-2);
  const [, gradient] = convolutionBackward(
    inward(dy, channels, window), padInput(inward(typeAs(x, dy), channels, window), fit, 0),
    newEmpty(dy, [outChannels!, inChannels!, ...window.kernel]), null, ...geometry(window, fit, groups), [false, true, false],
  );
  const spatial = window.size.map((_, axis) => axis + 2);
  return castTo(permute(gradient, [...spatial, 1, 0]), 'float32');
}

// Stride, padding, dilation, transposed, output padding, groups: the arguments that the operators share.
function geometry(window: SlidingWindow, { padding }: WindowPadding, groups: number): readonly NativeArg[] {
  return [window.stride, padding, window.dilation, false, window.size.map(() => 0), groups];
}

function inward(x: Handle, channels: Convolution['channels'], window: SlidingWindow): Handle {
  return channels === 'last' ? channelsFirst(x, window.size.length) : x;
}

function outward(y: Handle, channels: Convolution['channels'], window: SlidingWindow): Handle {
  return channels === 'last' ? channelsLast(y, window.size.length) : y;
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
function torchFilter(filter: Handle, window: SlidingWindow): Handle {
  const axes = window.size.length;
  return permute(filter, [axes + 1, axes, ...window.size.map((_, axis) => axis)]);
}
