// Elementwise kernels of two tensors whose result is bool, with broadcasting. tfjs-core has given both the same dtype.

import {
  Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr, LogicalXor, NotEqual, util,
} from '@tensorflow/tfjs-core';
import type { BinaryInputs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

const comparisons: readonly (readonly [kernel: string, operator: string, overload?: string])[] = [
  [Equal, 'eq'],
  [Greater, 'gt'],
  [GreaterEqual, 'ge'],
  [Less, 'lt'],
  [LessEqual, 'le'],
  [LogicalAnd, 'logical_and', ''],
  [LogicalOr, 'logical_or', ''],
  [LogicalXor, 'logical_xor', ''],
  [NotEqual, 'ne'],
];

/** Strings as numbers that compare alike: each one's place among all the strings of both tensors. */
function ranks(tensors: readonly TensorInfo[], k: KernelContext): Handle[] {
  const decoded = tensors.map((tensor) => k.backend.strings(tensor).map((bytes) => util.decodeString(bytes)));
  const rankOf = new Map([...new Set(decoded.flat())].sort((a, b) => (a < b ? -1 : 1)).map((text, rank) => [text, rank]));
  return tensors.map((tensor, index) => {
    const numbers = Int32Array.from(decoded[index]!, (text) => rankOf.get(text)!);
    return binding().fromTypedArray(numbers, tensor.shape, 'int32', k.backend.device);
  });
}

export function registerComparisonKernels(): void {
  for (const [kernel, name, overload = 'Tensor'] of comparisons) {
    const compare = aten(name, overload);
    torchKernel<BinaryInputs>(kernel, ({ a, b }, _attrs, k) => {
      const [left, right] = a.dtype === 'string' ? ranks([a, b], k) : [k.handle(a), k.handle(b)];
      return k.out(compare(left, right), 'bool');
    });
  }
}
