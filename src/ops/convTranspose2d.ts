// Transposed convolution of images in NHWC layout: the adjoint of a convolution, with torch's weight layout [I, O, kh, kw].

import { add, conv2dTranspose, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { checkGeometry, convolve } from './convolution.ts';
import { fusedKernel } from './fused.ts';

/** How the kernel goes over the image. */
export interface ConvTranspose2dOptions {
  /** How far apart the pixels of x lie in the result; default 1. */
  readonly stride?: number;
  /** What is cut off at each edge; default 0. */
  readonly padding?: number;
}

/**
 * Spreads each pixel over a window.
 *
 * @param x [B, H, W, I], float32
 * @param weight [I, O, kh, kw], float32
 * @param bias [O], float32; absent: none
 * @returns [B, H', W', O]; H' = (H - 1) stride - 2 padding + kh
 * @throws ShapeError
 */
export function convTranspose2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const { stride = 1, padding = 0 } = options;
  checkShape('convTranspose2d', 'x', x, ['B', 'H', 'W', 'I']);
  const [, height = 0, width = 0, inputs = 0] = x.shape;
  checkShape('convTranspose2d', 'weight', weight, [inputs, 'O', 'kh', 'kw']);
  const [, outputs = 0, kernelHeight = 1, kernelWidth = 1] = weight.shape;
  if (bias !== undefined) checkShape('convTranspose2d', 'bias', bias, [outputs]);
  const geometry = { stride, padding, dilation: 1, groups: 1 };
  checkGeometry('convTranspose2d', geometry);
  if ((height - 1) * stride + kernelHeight <= 2 * padding || (width - 1) * stride + kernelWidth <= 2 * padding) {
    throw new ShapeError(`convTranspose2d: expected a padding that leaves something of ${height} x ${width} pixels, got ${padding}`);
  }
  if (!fusedKernel('MpvgConvolution')) return convTranspose2dComposed(x, weight, bias, options);
  return convolve(x, weight, bias, geometry, { transposed: true, reduced: false });
}

/** `convTranspose2d` from tfjs's own operations, unchecked. */
export function convTranspose2dComposed(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const { stride = 1, padding = 0 } = options;
  const [batch, height, width] = (x as Tensor4D).shape;
  const [, outputs, kernelHeight, kernelWidth] = (weight as Tensor4D).shape;
  const filter = transpose(weight, [2, 3, 1, 0]) as Tensor4D; // [kh, kw, O, I]
  const size = (pixels: number, kernel: number): number => (pixels - 1) * stride - 2 * padding + kernel;
  const shape: [number, number, number, number] = [batch, size(height, kernelHeight), size(width, kernelWidth), outputs];
  // By axis: given one number, tfjs takes the kernel for a square one.
  const edges: [number, number] = [padding, padding];
  const y = conv2dTranspose(x as Tensor4D, filter, shape, stride, [[0, 0], edges, edges, [0, 0]], 'floor');
  return bias === undefined ? y : add(y, bias);
}
