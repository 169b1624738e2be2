// Greyscale dilation, y = max over the window of (x + filter), and its gradients. x: [N, H, W, C], filter: [height, width, C].
// One pass per element of the filter, as filters are small.

import { Dilation2D, Dilation2DBackpropFilter, Dilation2DBackpropInput, backend_util } from '@tensorflow/tfjs-core';
import type { Dilation2DAttrs, Dilation2DBackpropInputInputs, Dilation2DInputs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';
import { fitPadding, padInput, unpadGradient, window2D } from './slidingWindow.ts';
import type { SlidingWindow, WindowPadding } from './slidingWindow.ts';

const slice = aten('slice', 'Tensor');
const select = aten('select', 'int');
const add = aten('add', 'Tensor');
const greater = aten('gt', 'Tensor');
const maximum = aten('maximum');
const where = aten('where', 'self');
const equal = aten('eq', 'Scalar');
const multiply = aten('mul', 'Tensor');
const sum = aten('sum', 'dim_IntList');
const stack = aten('stack');
const reshape = aten('reshape');
const newZeros = aten('new_zeros');
const newFull = aten('new_full');
const addInPlace = aten('add_', 'Tensor');

// A padded x that never wins; of integers one that still leaves room to add the filter.
function padded(k: KernelContext, x: TensorInfo, fit: WindowPadding): Handle {
  return padInput(k.handle(x), fit, x.dtype === 'int32' ? -(2 ** 30) : -Infinity);
}

function dilationWindow(x: TensorInfo, filter: TensorInfo, { strides, pad, dilations }: Dilation2DAttrs): SlidingWindow {
  return window2D(backend_util.computeDilation2DInfo(
    x.shape as [number, number, number, number], filter.shape as [number, number, number], strides, pad, 'NHWC', dilations));
}

// The padding as NHWC takes it: nothing for the channels, which come last. Share 0: ATen has no operator that pads by itself.
function channelsLastPadding(window: SlidingWindow): WindowPadding {
  const fit = fitPadding(window, 0);
  return fit.explicit === undefined ? fit : { ...fit, explicit: [0, 0, ...fit.explicit] };
}

// What the window's element (row, column) sees of the padded x at every position: a view [N, ...positions, C].
function seen(input: Handle, window: SlidingWindow, element: readonly [number, number]): Handle {
  return element.reduce<Handle>((view, place, axis) => {
    const start = place * window.dilation[axis]!, stride = window.stride[axis]!;
    return slice(view, axis + 1, start, start + (window.positions[axis]! - 1) * stride + 1, stride);
  }, input);
}

interface Element {
  readonly place: readonly [number, number];
  /** Its number, by rows. */
  readonly index: number;
}

function elements({ kernel: [height, width] }: SlidingWindow): Element[] {
  return Array.from({ length: height! * width! }, (_, index) => ({ place: [Math.floor(index / width!), index % width!], index }));
}

function shifted(input: Handle, filter: Handle, window: SlidingWindow, { place }: Element): Handle {
  return add(seen(input, window, place), select(select(filter, 0, place[0]), 0, place[1]), 1);
}

// For every position, the number of the first element that attains the maximum.
function winners(input: Handle, filter: Handle, window: SlidingWindow): Handle {
  const [first, ...others] = elements(window);
  let best = shifted(input, filter, window, first!);
  let winner = newFull(best, [], 0);
  for (const element of others) {
    const candidate = shifted(input, filter, window, element);
    const better = greater(candidate, best);
    winner = where(better, newFull(best, [], element.index), winner);
    best = maximum(best, candidate);
  }
  return winner;
}

export function registerDilationKernels(): void {
  torchKernel<Dilation2DInputs, Dilation2DAttrs>(Dilation2D, ({ x, filter }, attrs, k) => {
    const window = dilationWindow(x, filter, attrs);
    const input = padded(k, x, channelsLastPadding(window)), filterHandle = k.handle(filter);
    const candidates = elements(window).map((element) => shifted(input, filterHandle, window, element));
    const result = candidates.reduce((best, candidate) => maximum(best, candidate));
    return k.out(x.dtype === 'int32' ? castTo(result, 'int32') : result, x.dtype);
  });

  torchKernel<Dilation2DBackpropInputInputs, Dilation2DAttrs>(Dilation2DBackpropInput, ({ x, filter, dy }, attrs, k) => {
    const window = dilationWindow(x, filter, attrs);
    const fit = channelsLastPadding(window);
    const winner = winners(padded(k, x, fit), k.handle(filter), window);
    const [batch, , , channels] = x.shape;
    const gradient = newZeros(k.handle(dy), [batch!, ...fit.paddedSize, channels!]);
    for (const element of elements(window)) {
      addInPlace(seen(gradient, window, element.place), multiply(k.handle(dy), equal(winner, element.index)), 1);
    }
    return k.out(unpadGradient(gradient, fit), x.dtype);
  });

  torchKernel<Dilation2DBackpropInputInputs, Dilation2DAttrs>(Dilation2DBackpropFilter, ({ x, filter, dy }, attrs, k) => {
    const window = dilationWindow(x, filter, attrs);
    const winner = winners(padded(k, x, channelsLastPadding(window)), k.handle(filter), window);
    const sums = elements(window).map(({ index }) => sum(multiply(k.handle(dy), equal(winner, index)), [0, 1, 2]));
    return k.out(reshape(stack(sums, 0), filter.shape), filter.dtype);
  });
}
