// Elementwise kernels of one tensor: one row each.

import {
  Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Ceil, ComplexAbs, Cos, Cosh, Elu, Erf, Exp, Expm1, Floor, IsFinite, IsInf, IsNan,
  Log, Log1p, LogicalNot, Neg, Reciprocal, Relu, Relu6, Round, Rsqrt, Selu, Sigmoid, Sign, Sin, Sinh, Softplus,
  Sqrt, Square, Step, Tan, Tanh,
} from '@tensorflow/tfjs-core';
import type { DataType, StepAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';

type Row = readonly [kernel: string, operator: string];

/** The result has the input's dtype. */
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

function registerRows(rows: readonly Row[], resultDtype: (x: DataType) => DataType): void {
  for (const [kernel, operator] of rows) {
    const call = aten(operator);
    torchKernel<{ x: TensorInfo }>(kernel, ({ x }, _attrs, k) => k.out(call(k.handle(x)), resultDtype(x.dtype)));
  }
}

export function registerUnaryKernels(): void {
  registerRows(sameDtype, (dtype) => dtype);
  registerRows(toFloat, (dtype) => (dtype === 'complex64' ? 'complex64' : 'float32'));
  registerRows(toBool, () => 'bool');
  registerRows([[ComplexAbs, 'abs']], () => 'float32');

  const greater = aten('gt', 'Scalar');
  const isNan = aten('isnan');
  const multiply = aten('mul', 'Scalar');
  const add = aten('add', 'Scalar');
  const where = aten('where', 'self');
  // 1 above zero, alpha elsewhere, NaN at NaN.
  torchKernel<{ x: TensorInfo }, StepAttrs>(Step, ({ x }, { alpha }, k) => {
    const handle = k.handle(x);
    const above = greater(handle, 0);
    if (x.dtype !== 'float32') return k.out(castTo(add(multiply(castTo(above, 'float32'), 1 - alpha), alpha), 'int32'), 'int32');
    const step = add(multiply(above, 1 - alpha), alpha);
    return k.out(where(isNan(handle), handle, step), x.dtype);
  });
}
