// The activations that tfjs's fused kernels (matMul, conv2d, depthwiseConv2d) end with.

import type { backend_util } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';

const relu = aten('relu');
const clamp = aten('clamp');
const elu = aten('elu');
const leakyRelu = aten('leaky_relu');
const sigmoid = aten('sigmoid');
const where = aten('where', 'self');
const greater = aten('gt', 'Scalar');
const multiply = aten('mul', 'Tensor');

/**
 * @param slopes of 'prelu' for negative values, broadcast to x
 * @param slope of 'leakyrelu' for negative values, default 0.2
 */
export function applyActivation(
  x: Handle, activation: backend_util.Activation, slopes?: Handle, slope = 0.2,
): Handle {
  switch (activation) {
    case 'linear': return x;
    case 'relu': return relu(x);
    case 'relu6': return clamp(x, 0, 6);
    case 'elu': return elu(x);
    case 'sigmoid': return sigmoid(x);
    case 'leakyrelu': return leakyRelu(x, slope);
    case 'prelu':
      if (slopes === undefined) throw new Error("fused kernel: expected preluActivationWeights for activation 'prelu', got none");
      return where(greater(x, 0), x, multiply(x, slopes));
  }
}
