// Matrix products and other contractions.

import { BatchMatMul, Einsum, _FusedMatMul, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  BatchMatMulAttrs, BatchMatMulInputs, EinsumAttrs, EinsumInputs, TensorInfo, _FusedMatMulAttrs, _FusedMatMulInputs,
} from '@tensorflow/tfjs-core';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';
import { applyActivation } from './fusedActivation.ts';

const add = aten('add', 'Tensor');
const contract = aten('einsum');
const matmul = aten('matmul');
const transpose = aten('transpose', 'int');
// tfjs-core declares tensors here and reads their shapes only.
const einsumUtil: { checkEinsumDimSizes(dims: number, idDims: number[][], tensors: TensorInfo[]): void } = backend_util;

/** The factors of a contraction, which libtorch does not promote: where some are stored as bfloat16, all become float32. */
function sameStorage(factors: readonly Handle[]): readonly Handle[] {
  const storage = factors.map((factor) => binding().dtype(factor));
  return storage.every((type) => type === storage[0]) ? factors : factors.map((factor) => castTo(factor, 'float32'));
}

/** [..., M, K] x [..., K, N] -> [..., M, N]; leading dimensions broadcast, a transposed operand is a view. */
function matrixProduct(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean, k: KernelContext): Handle {
  const innerA = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const innerB = b.shape[b.shape.length - (transposeB ? 1 : 2)];
  util.assert(
    innerA === innerB,
    () => `Error in matMul: inner shapes (${innerA}) and (${innerB}) of Tensors with shapes ${a.shape} and ${b.shape} ` +
      `and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const [left, right] = sameStorage([k.handle(a), k.handle(b)]);
  return matmul(transposeA ? transpose(left, -2, -1) : left!, transposeB ? transpose(right, -2, -1) : right!);
}

export function registerMatmulKernels(): void {
  torchKernel<BatchMatMulInputs, BatchMatMulAttrs>(BatchMatMul, ({ a, b }, { transposeA, transposeB }, k) =>
    k.out(matrixProduct(a, b, transposeA, transposeB, k), a.dtype));

  torchKernel<_FusedMatMulInputs, _FusedMatMulAttrs>(_FusedMatMul, (inputs, attrs, k) => {
    const { a, b, bias, preluActivationWeights: slopes } = inputs as _FusedMatMulInputs;
    const product = matrixProduct(a, b, attrs.transposeA, attrs.transposeB, k);
    const sum = bias === undefined ? product : add(product, k.handle(bias));
    const prelu = slopes === undefined ? undefined : k.handle(slopes);
    return k.out(applyActivation(sum, attrs.activation, prelu, attrs.leakyreluAlpha), a.dtype);
  });

  torchKernel<EinsumInputs, EinsumAttrs>(Einsum, (inputs, { equation }, k) => {
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, inputs.length);
    einsumUtil.checkEinsumDimSizes(allDims.length, idDims, inputs);
    return k.out(contract(equation, sameStorage(inputs.map((input) => k.handle(input)))), inputs[0]!.dtype);
  });
}
