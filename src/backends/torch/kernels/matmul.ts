// Matrix products.

import { BatchMatMul, util } from '@tensorflow/tfjs-core';
import type { BatchMatMulAttrs, BatchMatMulInputs, TensorInfo } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

const matmul = aten('matmul');
const transpose = aten('transpose', 'int');

/** [..., M, K] x [..., K, N] -> [..., M, N]; leading dimensions broadcast, a transposed operand is a view. */
export function matrixProduct(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean, k: KernelContext): Handle {
  const innerA = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const innerB = b.shape[b.shape.length - (transposeB ? 1 : 2)];
  util.assert(
    innerA === innerB,
    () => `Error in matMul: inner shapes (${innerA}) and (${innerB}) of Tensors with shapes ${a.shape} and ${b.shape} ` +
      `and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const left = transposeA ? transpose(k.handle(a), -2, -1) : k.handle(a);
  const right = transposeB ? transpose(k.handle(b), -2, -1) : k.handle(b);
  return matmul(left, right);
}

export function registerMatmulKernels(): void {
  torchKernel<BatchMatMulInputs, BatchMatMulAttrs>(BatchMatMul, ({ a, b }, { transposeA, transposeB }, k) =>
    k.out(matrixProduct(a, b, transposeA, transposeB, k), a.dtype));
}
