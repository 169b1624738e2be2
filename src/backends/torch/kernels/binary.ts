// Elementwise kernels of two tensors, with broadcasting. tfjs-core has given both the same dtype.

import {
  Add, AddN, Atan2, BitwiseAnd, FloorDiv, Maximum, Minimum, Mod, Multiply, Pow, Prelu, RealDiv, SquaredDifference, Sub,
} from '@tensorflow/tfjs-core';
import type { AddNInputs, BinaryInputs, PreluInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo, counted, countedDtype, floatDtype, floating } from './cast.ts';

const add = aten('add', 'Tensor');
const below = aten('lt', 'Scalar');
const floor = aten('floor');
const multiply = aten('mul', 'Tensor');
const nanToNumber = aten('nan_to_num');
const remainder = aten('remainder', 'Tensor');
const square = aten('square');
const subtract = aten('sub', 'Tensor');
const toDtype = aten('to', 'dtype');
const trueDivide = aten('div', 'Tensor');
const where = aten('where', 'self');

type Operator = (a: Handle, b: Handle) => Handle;

/** Kernels whose result has the inputs' dtype, bools counted. */
const sameDtype: readonly (readonly [kernel: string, operator: Operator])[] = [
  [Add, (a, b) => add(a, b)],
  [BitwiseAnd, aten('bitwise_and', 'Tensor')],
  [Maximum, aten('maximum')],
  [Minimum, aten('minimum')],
  [Pow, aten('pow', 'Tensor_Tensor')],
  [SquaredDifference, (a, b) => square(subtract(a, b))],
  [Sub, (a, b) => subtract(a, b)],
];

/** Kernels whose result is float32, or complex64 for complex inputs. */
const toFloat: readonly (readonly [kernel: string, operator: Operator])[] = [
  [Atan2, aten('atan2')],
  [RealDiv, trueDivide],
];

const floorDivide: Operator = (a, b) => floor(trueDivide(a, b));

/** In float64, which holds every int32 and divides by 0 without complaint (the result is then 0). */
function throughDoubles(operator: Operator, a: Handle, b: Handle): Handle {
  return castTo(nanToNumber(operator(toDtype(a, 'float64'), toDtype(b, 'float64')), 0, 0, 0), 'int32');
}

export function registerBinaryKernels(): void {
  for (const [kernel, operator] of sameDtype) {
    torchKernel<BinaryInputs>(kernel, ({ a, b }, _attrs, k) => k.out(operator(counted(a, k), counted(b, k)), countedDtype(a)));
  }
  for (const [kernel, operator] of toFloat) {
    torchKernel<BinaryInputs>(kernel, ({ a, b }, _attrs, k) => k.out(operator(k.handle(a), k.handle(b)), floatDtype(a)));
  }
  // The product of two masks is a mask.
  torchKernel<BinaryInputs>(Multiply, ({ a, b }, _attrs, k) => k.out(multiply(k.handle(a), k.handle(b)), a.dtype));

  torchKernel<BinaryInputs>(Mod, ({ a, b }, _attrs, k) =>
    (a.dtype === 'float32'
      ? k.out(remainder(k.handle(a), k.handle(b)))
      : k.out(throughDoubles(remainder, k.handle(a), k.handle(b)), 'int32')));

  // int32 also for floats, as in tfjs's own backends.
  torchKernel<BinaryInputs>(FloorDiv, ({ a, b }, _attrs, k) =>
    k.out(throughDoubles(floorDivide, k.handle(a), k.handle(b)), 'int32'));

  torchKernel<AddNInputs>(AddN, (inputs, _attrs, k) => {
    const first = inputs[0]!;
    if (inputs.length === 1) return k.same(first);
    let total = counted(first, k);
    for (const input of inputs.slice(1)) total = add(total, counted(input, k));
    return k.out(total, countedDtype(first));
  });

  torchKernel<PreluInputs>(Prelu, ({ x, alpha }, _attrs, k) => {
    const handle = floating(x, k);
    return k.out(where(below(handle, 0), multiply(k.handle(alpha), handle), handle));
  });
}
