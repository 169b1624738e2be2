// Stochastic depth: in training, a residual branch is left out for a random part of the samples.
// Source: Huang et al., "Deep Networks with Stochastic Depth", 2016; the per-sample form is timm's.

import { add, div, floor, mul, randomUniform, reshape } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { fusedKernel, runFused, withGradient } from './fused.ts';

/**
 * For each sample 0, with probability `rate`, or 1 / (1 - rate). Drawn by the backend, so that a recorded step draws anew
 * each time.
 *
 * @param rate in [0, 1)
 * @returns [B], float32; undefined when nothing is left out
 * @throws ShapeError
 */
export function dropPathScale(batch: number, rate: number, training: boolean): Tensor | undefined {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`dropPath: expected a number in [0, 1) for rate, got ${rate}`);
  if (rate === 0 || !training) return undefined;
  const keep = 1 - rate;
  if (fusedKernel('MpvgDropPathMask')) return runFused('MpvgDropPathMask', {}, { batch, keep });
  return div(floor(add(randomUniform([batch]), keep)), keep);
}

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
  if (x.shape.join() !== branch.shape.join()) {
    throw new ShapeError(`addDropPath: expected shape [${x.shape.join(', ')}] for branch, got [${branch.shape.join(', ')}]`);
  }
  const scale = dropPathScale(x.shape[0], rate, training);
  return scale === undefined ? add(x, branch) : addScaled(x, branch, scale);
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
  const scale = dropPathScale(x.shape[0], rate, training);
  return scale === undefined ? x : mul(x, perSample(scale, x.rank));
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

/** [B] as [B, 1, ...]. */
function perSample(scale: Tensor, rank: number): Tensor {
  return reshape(scale, [scale.size, ...Array.from({ length: rank - 1 }, () => 1)]);
}
