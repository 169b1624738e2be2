// Batch normalisation of the last axis with torch's running statistics, on ATen's operator, which wants channels first.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { channelsFirst, channelsLast } from './slidingWindow.ts';

interface Attributes {
  readonly training: boolean;
  readonly eps: number;
  readonly relu: boolean;
}

type Norm = {
  x: TensorInfo;
  gamma: TensorInfo;
  beta: TensorInfo;
  runningMean: TensorInfo;
  runningVar: TensorInfo;
  batches?: TensorInfo;
};

type NormGradient = { dy: TensorInfo; x: TensorInfo; gamma: TensorInfo; mean: TensorInfo; rstd: TensorInfo; y?: TensorInfo };

const reshape = aten('reshape');
const relu = aten('relu_');
const threshold = aten('threshold_backward');
const rsqrt = aten('rsqrt');
const addScalar = aten('add', 'Scalar');
const clone = aten('clone');
const count = aten('add_', 'Scalar');

/** [..., C] as [1, C, rows, 1], channels last in memory. */
const inward = (k: KernelContext, tensor: TensorInfo): Handle =>
  channelsFirst(reshape(k.handle(tensor), [1, -1, 1, tensor.shape.at(-1) ?? 1]), 2);
const outward = (handle: Handle, shape: readonly number[]): Handle => reshape(channelsLast(handle, 2), [...shape]);

export function registerTorchBatchNormKernels(): void {
  // This one says in its schema that it writes to the running statistics: a compiled step must know.
  const batchNorm = atenList('_native_batch_norm_legit');
  torchKernel<Norm, Attributes & { momentum: number }>(
    'MpvgBatchNorm',
    ({ x, gamma, beta, runningMean, runningVar, batches }, { training, momentum, eps, relu: clipped }, k) => {
      const running = [k.handle(runningMean), k.handle(runningVar)] as const;
      const [y, mean, rstd] = batchNorm(inward(k, x), k.handle(gamma), k.handle(beta), ...running, training, momentum, eps);
      if (training && batches !== undefined) count(k.handle(batches), 1, 1);
      const result = outward(clipped ? relu(y) : y!, x.shape);
      const statistics = training ? [mean!, rstd!] : [clone(running[0]), rsqrt(addScalar(running[1], eps, 1))];
      return [result, ...statistics].map((handle) => k.out(handle));
    });

  const backward = atenList('native_batch_norm_backward');
  const ones = aten('ones_like');
  const reciprocal = aten('reciprocal');
  const square = aten('square');
  torchKernel<NormGradient, Attributes>(
    'MpvgBatchNormGrad',
    ({ dy, x, gamma, mean, rstd, y }, { training, eps }, k) => {
      const past = y === undefined ? inward(k, dy) : threshold(inward(k, dy), inward(k, y), 0);
      const centre = k.handle(mean), scale = k.handle(rstd);
      // Outside training the operator reads a variance, 1 / rstd² - eps; with eps 0 it is 1 / rstd².
      const variance = reciprocal(square(scale));
      const gradients = backward(
        past, inward(k, x), k.handle(gamma), centre, training ? ones(scale) : variance, centre, scale, training,
        training ? eps : 0, [true, true, true],
      );
      const [dx, dGamma, dBeta] = gradients;
      return [outward(dx!, x.shape), dGamma!, dBeta!].map((handle) => k.out(handle));
    });
}
