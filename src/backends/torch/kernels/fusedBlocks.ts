// The parts of a transformer block as single kernels: native/ops/{norm_linear,linear_add,norm_mlp_add,attention}.cc.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { mpvg, mpvgList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

/** Makes results of those native tensors that are there, in order. */
function outputs(k: KernelContext, handles: readonly (Handle | null)[]): TensorInfo[] {
  return handles.filter((handle) => handle !== null).map((handle) => k.out(handle));
}

const handleOrNull = (k: KernelContext, tensor: TensorInfo | undefined): Handle | null =>
  tensor === undefined ? null : k.handle(tensor);

type NormLinearInputs = {
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  addend?: TensorInfo;
  weight: TensorInfo;
  bias?: TensorInfo;
};

type NormMlpInputs = {
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  w1: TensorInfo;
  b1: TensorInfo;
  w2: TensorInfo;
  scale?: TensorInfo;
};

interface Precision {
  eps: number;
  /** Whether what is kept between operators is bfloat16. */
  reduced: boolean;
}

export function registerFusedBlockKernels(): void {
  const normLinear = mpvgList('norm_linear');
  torchKernel<NormLinearInputs, Precision>('MpvgNormLinear', ({ x, gamma, beta, addend, weight, bias }, { eps, reduced }, k) =>
    outputs(k, normLinear(
      k.handle(x), k.handle(gamma), k.handle(beta), handleOrNull(k, addend), k.handle(weight), handleOrNull(k, bias), eps,
      reduced,
    )));

  const normLinearGrad = mpvgList('norm_linear_backward');
  torchKernel<NormLinearInputs & { dy: TensorInfo; mean: TensorInfo; rstd: TensorInfo }, { bias: boolean }>(
    'MpvgNormLinearGrad',
    ({ dy, x, mean, rstd, gamma, beta, addend, weight }, { bias }, k) =>
      outputs(k, normLinearGrad(
        k.handle(dy), k.handle(x), k.handle(mean), k.handle(rstd), k.handle(gamma), k.handle(beta), handleOrNull(k, addend),
        k.handle(weight), bias,
      )));

  const linearAdd = mpvg('linear_add');
  torchKernel<{ x: TensorInfo; weight: TensorInfo; bias?: TensorInfo; residual: TensorInfo; scale?: TensorInfo }>(
    'MpvgLinearAdd',
    ({ x, weight, bias, residual, scale }, _attrs, k) =>
      k.out(linearAdd(k.handle(x), k.handle(weight), handleOrNull(k, bias), k.handle(residual), handleOrNull(k, scale))));

  const linearAddGrad = mpvgList('linear_add_backward');
  torchKernel<{ dy: TensorInfo; x: TensorInfo; weight: TensorInfo; scale?: TensorInfo }, { bias: boolean }>(
    'MpvgLinearAddGrad',
    ({ dy, x, weight, scale }, { bias }, k) =>
      outputs(k, linearAddGrad(k.handle(dy), k.handle(x), k.handle(weight), handleOrNull(k, scale), bias)));

  const normMlpAdd = mpvgList('norm_mlp_add');
  torchKernel<NormMlpInputs & { b2: TensorInfo }, Precision>(
    'MpvgNormMlpAdd',
    ({ x, gamma, beta, w1, b1, w2, b2, scale }, { eps, reduced }, k) =>
      outputs(k, normMlpAdd(
        k.handle(x), k.handle(gamma), k.handle(beta), k.handle(w1), k.handle(b1), k.handle(w2), k.handle(b2),
        handleOrNull(k, scale), eps, reduced,
      )));

  const normMlpAddGrad = mpvgList('norm_mlp_add_backward');
  torchKernel<NormMlpInputs & { dy: TensorInfo; mean: TensorInfo; rstd: TensorInfo; hidden: TensorInfo }>(
    'MpvgNormMlpAddGrad',
    ({ dy, x, mean, rstd, hidden, gamma, beta, w1, b1, w2, scale }, _attrs, k) =>
      outputs(k, normMlpAddGrad(
        k.handle(dy), k.handle(x), k.handle(mean), k.handle(rstd), k.handle(hidden), k.handle(gamma), k.handle(beta),
        k.handle(w1), k.handle(b1), k.handle(w2), handleOrNull(k, scale),
      )));

  const attention = mpvgList('attention');
  torchKernel<{ qkv: TensorInfo }, { heads: number }>('MpvgAttention', ({ qkv }, { heads }, k) =>
    outputs(k, attention(k.handle(qkv), heads)));

  const attentionGrad = mpvg('attention_backward');
  torchKernel<{ dy: TensorInfo; qkv: TensorInfo; out: TensorInfo; logsumexp: TensorInfo }, { heads: number }>(
    'MpvgAttentionGrad',
    ({ dy, qkv, out, logsumexp }, { heads }, k) =>
      k.out(attentionGrad(k.handle(dy), k.handle(qkv), k.handle(out), k.handle(logsumexp), heads)));
}
