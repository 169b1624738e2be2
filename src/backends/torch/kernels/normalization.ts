// Batch normalization with given statistics, and local response normalization with its gradient.

import { FusedBatchNorm, LRN, LRNGrad } from '@tensorflow/tfjs-core';
import type {
  FusedBatchNormAttrs,
  FusedBatchNormInputs,
  LRNAttrs,
  LRNGradAttrs,
  LRNGradInputs,
  LRNInputs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

const addProduct = aten('addcmul');
const negative = aten('neg');
const averagePool = aten('avg_pool2d');
const add = aten('add', 'Tensor');
const addScalar = aten('add', 'Scalar');
const subtract = aten('sub', 'Tensor');
const multiply = aten('mul', 'Tensor');
const multiplyScalar = aten('mul', 'Scalar');
const divide = aten('div', 'Tensor');
const reciprocalRoot = aten('rsqrt');
const power = aten('pow', 'Tensor_Scalar');
const square = aten('square');

type BatchNormInputs = Omit<FusedBatchNormInputs, 'scale' | 'offset'> & { scale?: TensorInfo; offset?: TensorInfo };

// For every channel, the sum over the channels at most `radius` away. x: [N, H, W, C].
function channelWindowSum(x: Handle, radius: number): Handle {
  return averagePool(x, [1, 2 * radius + 1], [1, 1], [0, radius], false, true, 1);
}

function lrnNorm(x: Handle, { depthRadius, bias, alpha }: LRNAttrs): Handle {
  return addScalar(multiplyScalar(channelWindowSum(square(x), depthRadius), alpha), bias, 1);
}

export function registerNormalizationKernels(): void {
  // (x - mean) / sqrt(variance + epsilon) * scale + offset, with one pass over x. Statistics are [C], or broadcast to x.
  torchKernel<BatchNormInputs, FusedBatchNormAttrs>(FusedBatchNorm, (inputs, { varianceEpsilon }, k) => {
    const { x, mean, variance, scale, offset } = inputs;
    let factor = reciprocalRoot(addScalar(k.handle(variance), varianceEpsilon, 1));
    if (scale !== undefined) factor = multiply(factor, k.handle(scale));
    const shifted = multiply(negative(k.handle(mean)), factor);
    const shift = offset === undefined ? shifted : add(shifted, k.handle(offset), 1);
    return k.out(addProduct(shift, k.handle(x), factor));
  });

  // y = x * norm^-beta, norm = bias + alpha * sum of x^2 over the neighbouring channels.
  torchKernel<LRNInputs, LRNAttrs>(LRN, ({ x }, attrs, k) => {
    const input = k.handle(x);
    return k.out(multiply(input, power(lrnNorm(input, attrs), -attrs.beta)), x.dtype);
  });

  // dx_k = dy_k norm_k^-beta - 2 alpha beta x_k * (sum of dy_j y_j / norm_j over the neighbours j of k).
  torchKernel<LRNGradInputs, LRNGradAttrs>(LRNGrad, ({ x, y, dy }, attrs, k) => {
    const { depthRadius, alpha, beta } = attrs;
    const input = k.handle(x), gradient = k.handle(dy);
    const norm = lrnNorm(input, attrs);
    const direct = multiply(gradient, power(norm, -beta));
    const shared = channelWindowSum(divide(multiply(gradient, k.handle(y)), norm), depthRadius);
    return k.out(subtract(direct, multiply(input, shared), 2 * alpha * beta), x.dtype);
  });
}
