// Convolution of images in NHWC layout, with torch's weight layout [O, I / groups, kh, kw] and torch's padding: the same at
// both ends, rounding down.

import { add, concat, conv2d as tfjsConv2d, depthwiseConv2d, split, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { reducedPrecision } from './computeType.ts';
import { checkGeometry, convolve } from './convolution.ts';
import { fusedKernel } from './fused.ts';

/** How the kernel goes over the image. */
export interface Conv2dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros added at each edge; default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Groups of channels that do not mix; default 1. The number of channels makes it depthwise. */
  readonly groups?: number;
  /** Whether the result may be stored as bfloat16, where layers compute in it; default false. */
  readonly reducible?: boolean;
}

/**
 * Convolves images.
 *
 * @param x [B, H, W, I], float32
 * @param weight [O, I / groups, kh, kw], float32
 * @param bias [O], float32; absent: none
 * @returns [B, H', W', O]; H' = ⌊(H + 2 padding - dilation (kh - 1) - 1) / stride⌋ + 1
 * @throws ShapeError
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, reducible = false } = options;
  checkShape('conv2d', 'x', x, ['B', 'H', 'W', 'I']);
  const [, height = 0, width = 0, inputs = 0] = x.shape;
  checkGeometry('conv2d', { stride, padding, dilation, groups });
  if (inputs % groups !== 0) throw new ShapeError(`conv2d: expected a divisor of x's ${inputs} channels for groups, got ${groups}`);
  checkShape('conv2d', 'weight', weight, ['O', inputs / groups, 'kh', 'kw']);
  const [outputs = 0, , kernelHeight = 1, kernelWidth = 1] = weight.shape;
  if (outputs % groups !== 0) throw new ShapeError(`conv2d: expected a divisor of weight's ${outputs} outputs for groups, got ${groups}`);
  if (bias !== undefined) checkShape('conv2d', 'bias', bias, [outputs]);
  if (height + 2 * padding <= dilation * (kernelHeight - 1) || width + 2 * padding <= dilation * (kernelWidth - 1)) {
    throw new ShapeError(`conv2d: expected an image that holds the ${kernelHeight} x ${kernelWidth} kernel for x, got ${height} x ${width}`);
  }
  if (!fusedKernel('MpvgConvolution')) return conv2dComposed(x, weight, bias, options);
  const kind = { transposed: false, reduced: reducible && reducedPrecision() };
  return convolve(x, weight, bias, { stride, padding, dilation, groups }, kind);
}

/** `conv2d` from tfjs's own operations, unchecked. tfjs has no gradient for a dilation above 1. */
export function conv2dComposed(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [outputs, inputsPerGroup] = (weight as Tensor4D).shape;
  const filter = transpose(weight, [2, 3, 1, 0]); // [kh, kw, I / groups, O]
  // By axis: given one number, tfjs takes the kernel for a square one.
  const edges: [number, number] = [padding, padding];
  const pad: [[number, number], [number, number], [number, number], [number, number]] = [[0, 0], edges, edges, [0, 0]];
  const run = (image: Tensor, part: Tensor): Tensor =>
    tfjsConv2d(image as Tensor4D, part as Tensor4D, stride, pad, 'NHWC', dilation, 'floor');
  let y: Tensor;
  if (groups === 1) {
    y = run(x, filter);
  } else if (inputsPerGroup === 1 && outputs === groups) {
    const depthwise = transpose(weight, [2, 3, 0, 1]) as Tensor4D; // [kh, kw, C, 1]
    y = depthwiseConv2d(x as Tensor4D, depthwise, stride, pad, 'NHWC', dilation, 'floor');
  } else {
    const filters = split(filter, groups, 3);
    y = concat(split(x, groups, 3).map((image, group) => run(image, filters[group]!)), 3);
  }
  return bias === undefined ? y : add(y, bias);
}
