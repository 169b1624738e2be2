// Clipping by the common norm of all gradients: torch.nn.utils.clip_grad_norm_'s factor, to be applied by the optimizer, so
// that no gradient is written twice. Source: Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.

import { add, addN, div, minimum, sqrt, square, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fusedKernel, runFusedList } from './fused.ts';
import { numberedInputs } from './parameterUpdate.ts';

/** Gradients after clipping. */
export interface ClippedNorm {
  /** min(1, maxNorm / (norm + 1e-6)), a scalar. */
  readonly scale: Tensor;
  /** The norm before clipping, a scalar; not finite when a gradient is not. */
  readonly norm: Tensor;
}

/**
 * The factor that brings the common norm of all gradients down to `maxNorm`, and that norm.
 * @param gradients one or more, of any shapes
 */
export function clipGradientNorm(gradients: readonly Tensor[], maxNorm: number): ClippedNorm {
  if (!fusedKernel('MpvgClipScale')) return clipGradientNormComposed(gradients, maxNorm);
  const [scale, norm] = runFusedList('MpvgClipScale', numberedInputs({ grad: gradients }), { maxNorm }) as [Tensor, Tensor];
  return { scale, norm };
}

/** `clipGradientNorm` from tfjs's own operations. */
export function clipGradientNormComposed(gradients: readonly Tensor[], maxNorm: number): ClippedNorm {
  const norm = sqrt(addN(gradients.map((gradient) => sum(square(gradient)))));
  return { scale: minimum(1, div(maxNorm, add(norm, 1e-6))), norm };
}
