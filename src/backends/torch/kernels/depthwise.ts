// Depthwise convolutions and their gradients: as many groups as channels. A filter [height, width, C, M] is the grouped
// filter [height, width, 1, C * M] in the same memory.

import {
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
} from '@tensorflow/tfjs-core';
import type {
  DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  DepthwiseConv2dNativeBackpropInputInputs,
  DepthwiseConv2dNativeInputs,
} from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { convolution2D } from './convolution.ts';
import { convolve, convolveBackwardFilter, convolveBackwardInput } from './convolve.ts';

const reshape = aten('reshape');

/** [height, width, C, M] as [height, width, 1, C * M]. */
export function groupedShape([height, width, channels, multiplier]: readonly number[]): number[] {
  return [height!, width!, 1, channels! * multiplier!];
}

/** A depthwise filter as a grouped one; no copy. */
export function groupedFilter(filter: Handle, shape: readonly number[]): Handle {
  return reshape(filter, groupedShape(shape));
}

export function registerDepthwiseKernels(): void {
  torchKernel<DepthwiseConv2dNativeInputs, DepthwiseConv2dNativeAttrs>(DepthwiseConv2dNative, ({ x, filter }, attrs, k) => {
    const convolution = convolution2D(x.shape, groupedShape(filter.shape), attrs);
    return k.out(convolve(k.handle(x), groupedFilter(k.handle(filter), filter.shape), null, convolution));
  });

  torchKernel<DepthwiseConv2dNativeBackpropInputInputs, DepthwiseConv2dNativeBackpropInputAttrs>(
    DepthwiseConv2dNativeBackpropInput, ({ dy, filter }, attrs, k) => {
      const convolution = convolution2D(attrs.inputShape, groupedShape(filter.shape), { ...attrs, dataFormat: 'NHWC' });
      const grouped = groupedFilter(k.handle(filter), filter.shape);
      return k.out(convolveBackwardInput(k.handle(dy), grouped, attrs.inputShape, convolution));
    },
  );

  torchKernel<DepthwiseConv2dNativeBackpropFilterInputs, DepthwiseConv2dNativeBackpropFilterAttrs>(
    DepthwiseConv2dNativeBackpropFilter, ({ x, dy }, attrs, k) => {
      const shape = groupedShape(attrs.filterShape);
      const convolution = convolution2D(x.shape, shape, { ...attrs, dataFormat: 'NHWC' });
      const gradient = convolveBackwardFilter(k.handle(x), k.handle(dy), shape, convolution);
      return k.out(reshape(gradient, attrs.filterShape));
    },
  );
}
