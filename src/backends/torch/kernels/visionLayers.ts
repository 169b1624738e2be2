// Deformable attention and batch normalisation as single kernels: native/ops/{ms_deform_attn,batch_norm}.cc.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { mpvg, mpvgList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

type Deformable = { value: TensorInfo; locations: TensorInfo; weights: TensorInfo };

type Norm = {
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  runningMean: TensorInfo;
  runningVar: TensorInfo;
  batches?: TensorInfo;
};

type NormGradient = { dy: TensorInfo; x: TensorInfo; gamma: TensorInfo; beta: TensorInfo; mean: TensorInfo; rstd: TensorInfo };

interface NormAttributes {
  readonly training: boolean;
  readonly relu: boolean;
}

const outputs = (k: KernelContext, handles: readonly (Handle | null)[]): TensorInfo[] => handles.map((handle) => k.out(handle!));

export function registerVisionLayerKernels(): void {
  const deformable = mpvg('ms_deform_attn');
  torchKernel<Deformable, { levels: number[] }>('MpvgMsDeformAttn', ({ value, locations, weights }, { levels }, k) =>
    k.out(deformable(k.handle(value), levels, k.handle(locations), k.handle(weights))));
  const deformableGrad = mpvgList('ms_deform_attn_backward');
  torchKernel<Deformable & { dy: TensorInfo }, { levels: number[] }>(
    'MpvgMsDeformAttnGrad',
    ({ dy, value, locations, weights }, { levels }, k) =>
      outputs(k, deformableGrad(k.handle(dy), k.handle(value), levels, k.handle(locations), k.handle(weights))));

  const batchNorm = mpvgList('batch_norm');
  torchKernel<Norm, NormAttributes & { momentum: number; eps: number }>(
    'MpvgBatchNorm',
    ({ x, gamma, beta, runningMean, runningVar, batches }, { training, momentum, eps, relu }, k) =>
      outputs(k, batchNorm(
        k.handle(x), k.handle(gamma), k.handle(beta), k.handle(runningMean), k.handle(runningVar),
        batches === undefined ? null : k.handle(batches), training, momentum, eps, relu,
      )));
  const batchNormGrad = mpvgList('batch_norm_backward');
  torchKernel<NormGradient, NormAttributes>(
    'MpvgBatchNormGrad',
    ({ dy, x, gamma, beta, mean, rstd }, { training, relu }, k) =>
      outputs(k, batchNormGrad(
        k.handle(dy), k.handle(x), k.handle(gamma), k.handle(beta), k.handle(mean), k.handle(rstd), training, relu,
      )));
}
