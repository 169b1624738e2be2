// Stochastic depth: in training, a residual branch is left out for a random part of the samples.
// Source: Huang et al., "Deep Networks with Stochastic Depth", 2016; the per-sample form is timm's.

import { add, div, floor, mul, randomUniform, reshape } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { fusedKernel, runFused, withGradient } from './fused.ts';

/**
 * x + branch, the branch left out for each sample with probability `rate` and else divided by 1 - rate.
 *
 * @param x [B, ...], float32
 * @param branch the same shape
 * @param rate in [0, 1)
 * @param training false: nothing is left out
 * @returns the shape of x
 * @throws ShapeError
 */
export function addDropPath(x: Tensor, branch: Tensor, rate: number, training: boolean): Tensor {
  checkRate('addDropPath', rate);
  if (x.shape.join() !== branch.shape.join()) {
    throw new ShapeError(`addDropPath: expected shape [${x.shape.join(', ')}] for branch, got [${branch.shape.join(', ')}]`);
  }
  if (rate === 0 || !training) return add(x, branch);
  return addScaled(x, branch, keepScale(x.shape[0], 1 - rate));
}

/**
 * Leaves each sample out (sets it to 0) with probability `rate` and divides the others by 1 - rate.
 *
 * @param x [B, ...], float32
 * @param rate in [0, 1)
 * @param training false: x itself
 * @throws ShapeError
 */
export function dropPath(x: Tensor, rate: number, training: boolean): Tensor {
  checkRate('dropPath', rate);
  if (rate === 0 || !training) return x;
  return mul(x, perSample(keepScale(x.shape[0], 1 - rate), x.rank));
}

/**
 * x + scale[b] · branch for each sample b. The scale gets no gradient.
 *
 * @param x [B, ...], float32
 * @param branch the same shape
 * @param scale [B], float32
 */
export function addScaled(x: Tensor, branch: Tensor, scale: Tensor): Tensor {
  if (!fusedKernel('MpvgAddScaled')) return addScaledComposed(x, branch, scale);
  return withGradient(
    [x, branch],
    (save) => {
      save([scale]);
      return runFused('MpvgAddScaled', { x, branch, scale });
    },
    (dy, saved) => [dy.clone(), runFused('MpvgScaleRows', { dy, scale: saved[0]! })],
  );
}

/** `addScaled` from tfjs's own operations. */
export function addScaledComposed(x: Tensor, branch: Tensor, scale: Tensor): Tensor {
  return add(x, mul(branch, perSample(scale, branch.rank)));
}

/** Per sample 0 or 1 / keep, [B]: drawn by the backend, so that a recorded step draws anew each time. */
function keepScale(batch: number, keep: number): Tensor {
  if (fusedKernel('MpvgDropPathMask')) return runFused('MpvgDropPathMask', {}, { batch, keep });
  return div(floor(add(randomUniform([batch]), keep)), keep);
}

/** [B] as [B, 1, ...]. */
function perSample(scale: Tensor, rank: number): Tensor {
  return reshape(scale, [scale.size, ...Array.from({ length: rank - 1 }, () => 1)]);
}

function checkRate(where: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`${where}: expected a number in [0, 1) for rate, got ${rate}`);
}
