// Elementwise kernels of two tensors, with broadcasting. tfjs-core has given both the same dtype.

import {
  Add, AddN, Atan2, BitwiseAnd, FloorDiv, Maximum, Minimum, Mod, Multiply, Pow, Prelu, RealDiv, SquaredDifference, Sub,
} from '@tensorflow/tfjs-core';
import type { AddNInputs, BinaryInputs, PreluInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';

const add = aten('add', 'Tensor');
const floor = aten('floor');
const multiply = aten('mul', 'Tensor');
const nanToNumber = aten('nan_to_num');
const relu = aten('relu');
const square = aten('square');
const subtract = aten('sub', 'Tensor');
const toDtype = aten('to', 'dtype');
const trueDivide = aten('div', 'Tensor');

type Operator = (a: Handle, b: Handle) => Handle;

/** Kernels whose result has the inputs' dtype. */
const sameDtype: readonly (readonly [kernel: string, operator: string, overload?: string])[] = [
  [Atan2, 'atan2', ''],
  [BitwiseAnd, 'bitwise_and'],
  [Maximum, 'maximum', ''],
  [Minimum, 'minimum', ''],
  [Pow, 'pow', 'Tensor_Tensor'],
];

function register(kernelName: string, operator: Operator): void {
  torchKernel<BinaryInputs>(kernelName, ({ a, b }, _attrs, k) => k.out(operator(k.handle(a), k.handle(b)), a.dtype));
}

/** In float64, which holds every int32 and divides by 0 without complaint (the result is then 0). */
function throughDoubles(operator: Operator): Operator {
  return (a, b) => castTo(nanToNumber(operator(toDtype(a, 'float64'), toDtype(b, 'float64')), 0, 0, 0), 'int32');
}

export function registerBinaryKernels(): void {
  const remainder = aten('remainder', 'Tensor');
  const floorDivide: Operator = (a, b) => floor(trueDivide(a, b));

  for (const [kernel, name, overload = 'Tensor'] of sameDtype) register(kernel, aten(name, overload));
  register(Add, (a, b) => add(a, b));
  register(Sub, (a, b) => subtract(a, b));
  register(Multiply, multiply);
  register(RealDiv, trueDivide);
  register(SquaredDifference, (a, b) => square(subtract(a, b)));

  const integerMod = throughDoubles(remainder);
  const integerFloorDivide = throughDoubles(floorDivide);
  torchKernel<BinaryInputs>(Mod, ({ a, b }, _attrs, k) =>
    k.out((a.dtype === 'float32' ? remainder : integerMod)(k.handle(a), k.handle(b)), a.dtype));
  torchKernel<BinaryInputs>(FloorDiv, ({ a, b }, _attrs, k) =>
    k.out((a.dtype === 'float32' ? floorDivide : integerFloorDivide)(k.handle(a), k.handle(b)), a.dtype));

  torchKernel<AddNInputs>(AddN, (inputs, _attrs, k) => {
    const first = inputs[0]!;
    if (inputs.length === 1) return k.same(first);
    let total = k.handle(first);
    for (const input of inputs.slice(1)) total = add(total, k.handle(input));
    return k.out(total, first.dtype);
  });

  // x for x > 0, alpha x otherwise; both halves keep a NaN.
  torchKernel<PreluInputs>(Prelu, ({ x, alpha }, _attrs, k) => {
    const handle = k.handle(x);
    const positive = relu(handle);
    return k.out(add(positive, multiply(k.handle(alpha), subtract(handle, positive))));
  });
}
