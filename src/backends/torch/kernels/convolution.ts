// Convolutions of images and volumes, and their gradients.

import {
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  backend_util,
} from '@tensorflow/tfjs-core';
import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropFilterInputs,
  Conv2DBackpropInputAttrs,
  Conv2DBackpropInputInputs,
  Conv2DInputs,
  Conv3DAttrs,
  Conv3DBackpropFilterV2Attrs,
  Conv3DBackpropFilterV2Inputs,
  Conv3DBackpropInputV2Attrs,
  Conv3DBackpropInputV2Inputs,
  Conv3DInputs,
} from '@tensorflow/tfjs-core';
import { torchKernel } from '../kernel.ts';
import { convolve, convolveBackwardFilter, convolveBackwardInput } from './convolve.ts';
import type { Convolution } from './convolve.ts';
import { window2D, window3D } from './slidingWindow.ts';

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

/** The geometry of a 2D convolution with filter [height, width, C / groups, O]. */
export function convolution2D(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: Pick<Conv2DAttrs, 'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'> & Partial<Pick<Conv2DAttrs, 'dilations'>>,
): Convolution {
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4D, filterShape as Shape4D, attrs.strides, attrs.dilations ?? 1, attrs.pad, attrs.dimRoundingMode, false,
    backend_util.convertConv2DDataFormat(attrs.dataFormat),
  );
  return {
    window: window2D(info),
    groups: info.inChannels / filterShape[2]!,
    channels: attrs.dataFormat === 'NHWC' ? 'last' : 'first',
  };
}

// tfjs-core's gradient of Conv3D does not say the layout: NDHWC is the only one it has.
function convolution3D(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1 }: Pick<Conv3DAttrs, 'strides' | 'pad'> & Partial<Pick<Conv3DAttrs, 'dilations'>>,
): Convolution {
  const info = backend_util.computeConv3DInfo(inputShape as Shape5D, filterShape as Shape5D, strides, dilations, pad);
  return { window: window3D(info), groups: info.inChannels / filterShape[3]!, channels: 'last' };
}

export function registerConvolutionKernels(): void {
  torchKernel<Conv2DInputs, Conv2DAttrs>(Conv2D, ({ x, filter }, attrs, k) =>
    k.out(convolve(k.handle(x), k.handle(filter), null, convolution2D(x.shape, filter.shape, attrs))));

  torchKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>(Conv2DBackpropInput, ({ dy, filter }, attrs, k) => {
    const convolution = convolution2D(attrs.inputShape, filter.shape, attrs);
    return k.out(convolveBackwardInput(k.handle(dy), k.handle(filter), attrs.inputShape, convolution));
  });

  torchKernel<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs>(Conv2DBackpropFilter, ({ x, dy }, attrs, k) => {
    const convolution = convolution2D(x.shape, attrs.filterShape, attrs);
    return k.out(convolveBackwardFilter(k.handle(x), k.handle(dy), attrs.filterShape, convolution));
  });

  torchKernel<Conv3DInputs, Conv3DAttrs>(Conv3D, ({ x, filter }, attrs, k) =>
    k.out(convolve(k.handle(x), k.handle(filter), null, convolution3D(x.shape, filter.shape, attrs))));

  torchKernel<Conv3DBackpropInputV2Inputs, Conv3DBackpropInputV2Attrs>(Conv3DBackpropInputV2, ({ dy, filter }, attrs, k) => {
    const convolution = convolution3D(attrs.inputShape, filter.shape, attrs);
    return k.out(convolveBackwardInput(k.handle(dy), k.handle(filter), attrs.inputShape, convolution));
  });

  torchKernel<Conv3DBackpropFilterV2Inputs, Conv3DBackpropFilterV2Attrs>(Conv3DBackpropFilterV2, ({ x, dy }, attrs, k) => {
    const convolution = convolution3D(x.shape, attrs.filterShape, attrs);
    return k.out(convolveBackwardFilter(k.handle(x), k.handle(dy), attrs.filterShape, convolution));
  });
}
