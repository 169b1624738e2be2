// Resizing of images [N, H, W, C] and its gradient. tfjs knows three rules for where result pixel r lies in the source:
//   default            scale * r,                scale = source / result
//   halfPixelCenters   scale * (r + 0.5) - 0.5   (nearest: without the - 0.5)
//   alignCorners       scale * r,                scale = (source - 1) / (result - 1)
// ATen has the bilinear operator for the last two. The rest is composed: one axis after the other, rows chosen by index.

import { ResizeBilinear, ResizeBilinearGrad, ResizeNearestNeighbor, ResizeNearestNeighborGrad } from '@tensorflow/tfjs-core';
import type {
  ResizeBilinearAttrs,
  ResizeBilinearGradInputs,
  ResizeBilinearInputs,
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGradInputs,
  ResizeNearestNeighborInputs,
} from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';
import { resizeAxes } from './resizeAxis.ts';
import type { ResizeAxis } from './resizeAxis.ts';
import { channelsFirst, channelsLast } from './slidingWindow.ts';

const bilinear = aten('upsample_bilinear2d');
const bilinearBackward = aten('upsample_bilinear2d_backward');
const nearest = aten('upsample_nearest2d');
const nearestBackward = aten('upsample_nearest2d_backward');
const nearestExact = aten('_upsample_nearest_exact2d');
const nearestExactBackward = aten('_upsample_nearest_exact2d_backward');
const indexSelect = aten('index_select');
const indexAdd = aten('index_add');
const newZeros = aten('new_zeros');
const lerp = aten('lerp', 'Tensor');
const multiply = aten('mul', 'Tensor');
const subtract = aten('sub', 'Tensor');

// ATen finds the nearest pixel in float32: exact when the sizes' ratio is a power of two, as in feature pyramids.
function exactInFloat32(from: readonly number[], to: readonly number[]): boolean {
  return from.every((size, axis) => Number.isInteger(Math.log2(to[axis]! / size)));
}

function selectPixels(images: Handle, axes: readonly ResizeAxis[]): Handle {
  return axes.reduce((result, { axis, nearest: index }) => indexSelect(result, axis, index()), images);
}

// The adjoint of selectPixels: what a pixel gave to several is summed.
function sumPixels(dy: Handle, shape: readonly number[], axes: readonly ResizeAxis[]): Handle {
  const sizes = [...shape];
  for (const { axis, result } of axes) sizes[axis] = result;
  return axes.reduceRight((gradient, { axis, source, nearest: index }) => {
    sizes[axis] = source;
    return indexAdd(newZeros(gradient, sizes), axis, index(), gradient);
  }, dy);
}

function interpolate(images: Handle, axes: readonly ResizeAxis[]): Handle {
  return axes.reduce((result, { axis, linear }) => {
    const { lower, upper, weight } = linear(result);
    return lerp(indexSelect(result, axis, lower), indexSelect(result, axis, upper), weight);
  }, images);
}

// The adjoint of interpolate.
function interpolateBackward(dy: Handle, shape: readonly number[], axes: readonly ResizeAxis[]): Handle {
  const sizes = [...shape];
  for (const { axis, result } of axes) sizes[axis] = result;
  return axes.reduceRight((gradient, { axis, source, linear }) => {
    sizes[axis] = source;
    const { lower, upper, weight } = linear(gradient);
    const toUpper = multiply(gradient, weight);
    const fromLower = indexAdd(newZeros(gradient, sizes), axis, lower, subtract(gradient, toUpper, 1));
    return indexAdd(fromLower, axis, upper, toUpper);
  }, dy);
}

export function registerImageResizeKernels(): void {
  torchKernel<ResizeBilinearInputs, ResizeBilinearAttrs>(ResizeBilinear, ({ images }, attrs, k) => {
    const source = images.dtype === 'float32' ? k.handle(images) : castTo(k.handle(images), 'float32');
    if (attrs.alignCorners || attrs.halfPixelCenters) {
      return k.out(channelsLast(bilinear(channelsFirst(source, 2), attrs.size, attrs.alignCorners), 2));
    }
    return k.out(interpolate(source, resizeAxes(images.shape, attrs.size, attrs, k.backend.device)));
  });

  torchKernel<ResizeBilinearGradInputs, ResizeBilinearAttrs>(ResizeBilinearGrad, ({ images, dy }, attrs, k) => {
    const size = dy.shape.slice(1, 3);
    if (attrs.alignCorners || attrs.halfPixelCenters) {
      const [batch, height, width, channels] = images.shape;
      const inputSize = [batch!, channels!, height!, width!];
      const gradient = bilinearBackward(channelsFirst(k.handle(dy), 2), size, inputSize, attrs.alignCorners);
      return k.out(channelsLast(gradient, 2));
    }
    const axes = resizeAxes(images.shape, size, attrs, k.backend.device);
    return k.out(interpolateBackward(k.handle(dy), images.shape, axes));
  });

  torchKernel<ResizeNearestNeighborInputs, ResizeNearestNeighborAttrs>(ResizeNearestNeighbor, ({ images }, attrs, k) => {
    if (!attrs.alignCorners && images.dtype === 'float32' && exactInFloat32(images.shape.slice(1, 3), attrs.size)) {
      const operator = attrs.halfPixelCenters ? nearestExact : nearest;
      return k.out(channelsLast(operator(channelsFirst(k.handle(images), 2), attrs.size), 2));
    }
    const axes = resizeAxes(images.shape, attrs.size, attrs, k.backend.device);
    return k.out(selectPixels(k.handle(images), axes), images.dtype);
  });

  torchKernel<ResizeNearestNeighborGradInputs, ResizeNearestNeighborAttrs>(
    ResizeNearestNeighborGrad, ({ images, dy }, attrs, k) => {
      const size = dy.shape.slice(1, 3);
      if (!attrs.alignCorners && exactInFloat32(images.shape.slice(1, 3), size)) {
        const [batch, height, width, channels] = images.shape;
        const operator = attrs.halfPixelCenters ? nearestExactBackward : nearestBackward;
        const gradient = operator(channelsFirst(k.handle(dy), 2), size, [batch!, channels!, height!, width!]);
        return k.out(channelsLast(gradient, 2));
      }
      const axes = resizeAxes(images.shape, size, attrs, k.backend.device);
      return k.out(sumPixels(k.handle(dy), images.shape, axes));
    },
  );
}
