// Elementwise kernels of two tensors, with broadcasting.

import { Add, Multiply, RealDiv, Sub } from '@tensorflow/tfjs-core';
import type { BinaryInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

export function registerBinaryKernels(): void {
  const add = aten('add', 'Tensor');
  const subtract = aten('sub', 'Tensor');
  const multiply = aten('mul', 'Tensor');
  const divide = aten('div', 'Tensor');
  torchKernel<BinaryInputs>(Add, ({ a, b }, _attrs, k) => k.out(add(k.handle(a), k.handle(b), 1), a.dtype));
  torchKernel<BinaryInputs>(Sub, ({ a, b }, _attrs, k) => k.out(subtract(k.handle(a), k.handle(b), 1), a.dtype));
  torchKernel<BinaryInputs>(Multiply, ({ a, b }, _attrs, k) => k.out(multiply(k.handle(a), k.handle(b)), a.dtype));
  torchKernel<BinaryInputs>(RealDiv, ({ a, b }, _attrs, k) => k.out(divide(k.handle(a), k.handle(b))));
}
