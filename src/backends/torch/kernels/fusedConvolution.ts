// Convolution, bias and activation in one kernel.

import { FusedConv2D, FusedDepthwiseConv2D } from '@tensorflow/tfjs-core';
import type { FusedConv2DAttrs, FusedConv2DInputs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import type { KernelContext } from '../kernel.ts';
import { torchKernel } from '../kernel.ts';
import { convolution2D } from './convolution.ts';
import { convolve } from './convolve.ts';
import { groupedFilter, groupedShape } from './depthwise.ts';
import { applyActivation } from './fusedActivation.ts';

const add = aten('add', 'Tensor');
const reshape = aten('reshape');

// A vector over the channels, so that it broadcasts in this layout; other shapes already do.
function alongChannels(k: KernelContext, tensor: TensorInfo, attrs: FusedConv2DAttrs): Handle {
  const vector = attrs.dataFormat === 'NCHW' && tensor.shape.length === 1;
  return vector ? reshape(k.handle(tensor), [-1, 1, 1]) : k.handle(tensor);
}

function fused(
  k: KernelContext,
  { x, bias, preluActivationWeights }: FusedConv2DInputs,
  filter: Handle,
  filterShape: readonly number[],
  attrs: FusedConv2DAttrs,
): TensorInfo {
  // The operator's own bias has one value per output channel; tfjs allows whatever broadcasts.
  const vector = bias?.shape.length === 1 && bias.shape[0] === filterShape[3];
  const convolution = convolution2D(x.shape, filterShape, attrs);
  let y = convolve(k.handle(x), filter, vector ? k.handle(bias) : null, convolution);
  if (bias !== undefined && !vector) y = add(y, alongChannels(k, bias, attrs), 1);
  const slopes = preluActivationWeights === undefined ? undefined : alongChannels(k, preluActivationWeights, attrs);
  return k.out(applyActivation(y, attrs.activation, slopes, attrs.leakyreluAlpha));
}

export function registerFusedConvolutionKernels(): void {
  torchKernel<FusedConv2DInputs, FusedConv2DAttrs>(FusedConv2D, (inputs, attrs, k) =>
    fused(k, inputs, k.handle(inputs.filter), inputs.filter.shape, attrs));

  torchKernel<FusedConv2DInputs, FusedConv2DAttrs>(FusedDepthwiseConv2D, (inputs, attrs, k) => {
    const { shape } = inputs.filter;
    return fused(k, inputs, groupedFilter(k.handle(inputs.filter), shape), groupedShape(shape), attrs);
  });
}
