// The geometry of convolutions and pooling: tfjs's padding rules, put so that ATen's operators, which know one padding per
// axis and round down, compute them. Source of the rules: computeConv2DInfo and computeConv3DInfo of tfjs-core.

import type { backend_util } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';

/** A window that slides over the spatial axes, [height, width] or [depth, height, width]; one number per axis in each list. */
export interface SlidingWindow {
  /** Elements of the input. */
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Padding before the first element; negative where tfjs lets the first window begin inside the input. */
  readonly before: readonly number[];
  /** Window positions. */
  readonly positions: readonly number[];
}

/** The window of a 2D convolution or pooling. */
export function window2D(info: backend_util.Conv2DInfo): SlidingWindow {
  return {
    size: [info.inHeight, info.inWidth],
    kernel: [info.filterHeight, info.filterWidth],
    stride: [info.strideHeight, info.strideWidth],
    dilation: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
    positions: [info.outHeight, info.outWidth],
  };
}

/** The window of a 3D convolution or pooling. */
export function window3D(info: backend_util.Conv3DInfo): SlidingWindow {
  return {
    size: [info.inDepth, info.inHeight, info.inWidth],
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
    positions: [info.outDepth, info.outHeight, info.outWidth],
  };
}

/** How a window's padding is given to ATen. */
export interface WindowPadding {
  /** The operator's own argument: this much at both ends of each axis. */
  readonly padding: readonly number[];
  /**
   * What must be added to the input beforehand, as constant_pad_nd takes it (last axis first, before and after); undefined
   * when the operator's own padding says it all, so that no copy is made.
   */
  readonly explicit: readonly number[] | undefined;
  /** The input's spatial sizes after `explicit`. */
  readonly paddedSize: readonly number[];
}

/** Elements that a window covers along an axis. */
function extent(window: SlidingWindow, axis: number): number {
  return (window.kernel[axis]! - 1) * window.dilation[axis]! + 1;
}

/**
 * @param largestShare how much of the window ATen lets padding cover: 1/2 for pooling, no limit for convolution
 */
export function fitPadding(window: SlidingWindow, largestShare = Infinity): WindowPadding {
  const fits = window.size.every((size, axis) => {
    const before = window.before[axis]!, covered = extent(window, axis);
    if (before < 0 || before > covered * largestShare) return false;
    return Math.floor((size + 2 * before - covered) / window.stride[axis]!) + 1 === window.positions[axis];
  });
  if (fits) return { padding: window.before, explicit: undefined, paddedSize: window.size };
  const explicit: number[] = [];
  const paddedSize = window.size.map((size, axis) => {
    const before = window.before[axis]!;
    const after = Math.max(0, (window.positions[axis]! - 1) * window.stride[axis]! + extent(window, axis) - size - before);
    explicit.unshift(before, after);
    return size + before + after;
  });
  return { padding: window.size.map(() => 0), explicit, paddedSize };
}

const constantPad = aten('constant_pad_nd');
const permute = aten('permute');
const newEmpty = aten('new_empty');

/** The input with its explicit padding, or the input itself. */
export function padInput(x: Handle, { explicit }: WindowPadding, value: number): Handle {
  return explicit === undefined ? x : constantPad(x, explicit, value);
}

/** The adjoint of `padInput`: the gradient of what was padded is dropped. */
export function unpadGradient(gradient: Handle, { explicit }: WindowPadding): Handle {
  return explicit === undefined ? gradient : constantPad(gradient, explicit.map((count) => -count), 0);
}

/** [N, ...spatial, C] seen as [N, C, ...spatial], which ATen calls channels-last. No copy. */
export function channelsFirst(x: Handle, spatialAxes: number): Handle {
  return permute(x, [0, spatialAxes + 1, ...range(1, spatialAxes)]);
}

/** [N, C, ...spatial] seen as [N, ...spatial, C]. No copy. */
export function channelsLast(x: Handle, spatialAxes: number): Handle {
  return permute(x, [0, ...range(2, spatialAxes), 1]);
}

/**
 * A tensor [N, C, ...spatial] in channels-last memory without values: the backward operators take the forward's input for its
 * shape and memory layout alone.
 *
 * @param like gives dtype and device
 */
export function inputShaped(like: Handle, batch: number, channels: number, spatial: readonly number[]): Handle {
  return channelsFirst(newEmpty(like, [batch, ...spatial, channels]), spatial.length);
}

function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}
