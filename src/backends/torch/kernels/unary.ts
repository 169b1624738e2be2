// Elementwise kernels of one tensor: one row each.

import {
  Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Ceil, ClipByValue, Cos, Cosh, Elu, EluGrad, Erf, Exp, Expm1, Floor, IsFinite, IsInf,
  IsNan, LeakyRelu, Log, Log1p, LogicalNot, Neg, Reciprocal, Relu, Relu6, Round, Rsqrt, Selu, Sigmoid, Sign, Sin, Sinh, Softplus,
  Sqrt, Square, Step, Tan, Tanh,
} from '@tensorflow/tfjs-core';
import type { ClipByValueAttrs, DataType, EluGradInputs, LeakyReluAttrs, StepAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo, counted, countedDtype, floatDtype, floating } from './cast.ts';

type Row = readonly [kernel: string, operator: string];

/** The result has the input's dtype; bools are counted. */
const sameDtype: readonly Row[] = [
  [Abs, 'abs'],
  [Ceil, 'ceil'],
  [Floor, 'floor'],
  [Neg, 'neg'],
  [Relu, 'relu'],
  [Relu6, 'relu6'],
  [Round, 'round'],
  [Sign, 'sgn'],
  [Square, 'square'],
];

/** The result is float32, or complex64 for a complex input. */
const toFloat: readonly Row[] = [
  [Acos, 'acos'],
  [Acosh, 'acosh'],
  [Asin, 'asin'],
  [Asinh, 'asinh'],
  [Atan, 'atan'],
  [Atanh, 'atanh'],
  [Cos, 'cos'],
  [Cosh, 'cosh'],
  [Elu, 'elu'],
  [Erf, 'erf'],
  [Exp, 'exp'],
  [Expm1, 'expm1'],
  [Log, 'log'],
  [Log1p, 'log1p'],
  [Reciprocal, 'reciprocal'],
  [Rsqrt, 'rsqrt'],
  [Selu, 'selu'],
  [Sigmoid, 'sigmoid'],
  [Sin, 'sin'],
  [Sinh, 'sinh'],
  [Softplus, 'softplus'],
  [Sqrt, 'sqrt'],
  [Tan, 'tan'],
  [Tanh, 'tanh'],
];

/** The result is bool. */
const toBool: readonly Row[] = [
  [IsFinite, 'isfinite'],
  [IsInf, 'isinf'],
  [IsNan, 'isnan'],
  [LogicalNot, 'logical_not'],
];

type Read = (x: TensorInfo, k: KernelContext) => Handle;

function registerRows(rows: readonly Row[], resultDtype: (x: TensorInfo) => DataType, read: Read): void {
  for (const [kernel, operator] of rows) {
    const call = aten(operator);
    torchKernel<{ x: TensorInfo }>(kernel, ({ x }, _attrs, k) => k.out(call(read(x, k)), resultDtype(x)));
  }
}

export function registerUnaryKernels(): void {
  registerRows(sameDtype, countedDtype, counted);
  registerRows(toFloat, floatDtype, floating);
  registerRows(toBool, () => 'bool', (x, k) => k.handle(x));
  registerUnaryWithAttributes();
}

function registerUnaryWithAttributes(): void {
  const add = aten('add', 'Scalar');
  const clamp = aten('clamp');
  const eluBackward = aten('elu_backward');
  const greater = aten('gt', 'Scalar');
  const isNan = aten('isnan');
  const leakyRelu = aten('leaky_relu');
  const multiply = aten('mul', 'Scalar');
  const where = aten('where', 'self');

  torchKernel<{ x: TensorInfo }, ClipByValueAttrs>(ClipByValue, ({ x }, { clipValueMin, clipValueMax }, k) => {
    const clamped = clamp(k.handle(x), clipValueMin, clipValueMax);
    return x.dtype === 'float32' ? k.out(clamped) : k.out(castTo(clamped, 'int32'), 'int32');
  });

  torchKernel<{ x: TensorInfo }, LeakyReluAttrs>(LeakyRelu, ({ x }, { alpha }, k) =>
    k.out(leakyRelu(floating(x, k), alpha)));

  torchKernel<EluGradInputs>(EluGrad, ({ dy, y }, _attrs, k) =>
    k.out(eluBackward(k.handle(dy), 1, 1, 1, true, k.handle(y))));

  // 1 above zero, alpha elsewhere, NaN at NaN.
  torchKernel<{ x: TensorInfo }, StepAttrs>(Step, ({ x }, { alpha }, k) => {
    const handle = k.handle(x);
    const above = greater(handle, 0);
    if (x.dtype !== 'float32') return k.out(castTo(add(multiply(castTo(above, 'float32'), 1 - alpha), alpha), 'int32'), 'int32');
    const step = add(multiply(above, 1 - alpha), alpha);
    return k.out(where(isNan(handle), handle, step), x.dtype);
  });
}
