// Elementwise kernels of one tensor: one row each.

import { Abs, Ceil, Cos, Erf, Exp, Floor, Log, Neg, Relu, Rsqrt, Sigmoid, Sin, Sqrt, Square, Tanh } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

/** tfjs kernel and the ATen operator that computes it; the result has the input's dtype. */
const sameDtype: readonly (readonly [kernel: string, operator: string])[] = [
  [Abs, 'abs'],
  [Ceil, 'ceil'],
  [Cos, 'cos'],
  [Erf, 'erf'],
  [Exp, 'exp'],
  [Floor, 'floor'],
  [Log, 'log'],
  [Neg, 'neg'],
  [Relu, 'relu'],
  [Rsqrt, 'rsqrt'],
  [Sigmoid, 'sigmoid'],
  [Sin, 'sin'],
  [Sqrt, 'sqrt'],
  [Square, 'square'],
  [Tanh, 'tanh'],
];

export function registerUnaryKernels(): void {
  for (const [kernel, operator] of sameDtype) {
    const call = aten(operator);
    torchKernel<{ x: TensorInfo }>(kernel, ({ x }, _attrs, k) => k.out(call(k.handle(x)), x.dtype));
  }
}
