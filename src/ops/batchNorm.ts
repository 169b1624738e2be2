// Batch normalisation over the last axis: y = (x - mean) / sqrt(variance + eps) · gamma + beta, with the batch's mean and
// biased variance in training and the running ones else. Training moves the running ones towards the batch's, the variance
// unbiased. Source: Ioffe and Szegedy, "Batch Normalization", 2015; the details are torch's.

import { add, mean, mul, relu, reshape, rsqrt, square, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFusedList, withGradient } from './fused.ts';

/** What a batch norm over C channels holds. */
export interface BatchNormTensors {
  /** [C], float32 */
  readonly gamma: Tensor;
  /** [C], float32 */
  readonly beta: Tensor;
  /** [C], float32; training changes it in place */
  readonly runningMean: Variable;
  /** [C], float32; training changes it in place */
  readonly runningVar: Variable;
  /** Scalar, float32: the number of batches seen; training adds 1 in place. Absent: not counted. */
  readonly batches?: Variable | undefined;
}

/** How a batch norm computes. */
export interface BatchNormOptions {
  /** Whether to normalise with the batch's statistics and to update the running ones. */
  readonly training: boolean;
  /** How far the running statistics move towards the batch's; default 0.1. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Whether negative results become 0; default false. */
  readonly relu?: boolean;
}

/**
 * Normalises the channels over all samples and places.
 *
 * @param x [..., C], float32
 * @returns the shape of x
 * @throws ShapeError; in training also where a channel has one value only, which has no unbiased variance
 */
export function batchNorm(x: Tensor, tensors: BatchNormTensors, options: BatchNormOptions): Tensor {
  checkShape('batchNorm', 'x', x, ['...', 'C']);
  const channels = x.shape.at(-1) ?? 0;
  const { gamma, beta, runningMean, runningVar, batches } = tensors;
  for (const [name, tensor] of Object.entries({ gamma, beta, runningMean, runningVar })) checkShape('batchNorm', name, tensor, [channels]);
  const { training, momentum = 0.1, eps = 1e-5, relu = false } = options;
  if (training && x.size <= channels) {
    throw new ShapeError(`batchNorm: expected more than one value per channel in training for x, got shape [${x.shape.join(', ')}]`);
  }
  if (!fusedKernel('MpvgBatchNorm')) return batchNormComposed(x, tensors, options);
  return withGradient(
    [x, gamma, beta],
    (save) => {
      const inputs = { x, gamma, beta, runningMean, runningVar, ...(batches && { batches }) };
      const [y, mean, rstd] = runFusedList('MpvgBatchNorm', inputs, { training, momentum, eps, relu }) as [Tensor, Tensor, Tensor];
      save([x, gamma, beta, mean, rstd]);
      return y;
    },
    (dy, saved) => {
      const [x, gamma, beta, mean, rstd] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      return runFusedList('MpvgBatchNormGrad', { dy, x, gamma, beta, mean, rstd }, { training, relu });
    },
  );
}

/** `batchNorm` from tfjs's own operations, unchecked. */
export function batchNormComposed(x: Tensor, tensors: BatchNormTensors, options: BatchNormOptions): Tensor {
  const { gamma, beta, runningMean, runningVar, batches } = tensors;
  const { training, momentum = 0.1, eps = 1e-5, relu: clipped = false } = options;
  const channels = x.shape.at(-1) ?? 0;
  const rows = reshape(x, [-1, channels]);
  const centre = training ? mean(rows, 0) : runningMean;
  const variance = training ? mean(square(sub(rows, centre)), 0) : runningVar;
  if (training) {
    const [count = 0] = rows.shape;
    move(runningMean, centre, momentum);
    move(runningVar, mul(variance, count / (count - 1)), momentum);
    batches?.assign(tidy(() => add(batches, 1)));
  }
  const y = add(mul(mul(sub(rows, centre), rsqrt(add(variance, eps))), gamma), beta);
  return reshape(clipped ? relu(y) : y, x.shape);
}

/** running += momentum · (value - running), in place. */
function move(running: Variable, value: Tensor, momentum: number): void {
  running.assign(tidy(() => add(running, mul(sub(value, running), momentum))));
}
