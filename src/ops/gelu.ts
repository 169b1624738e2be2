// The Gaussian error linear unit, in its exact form: gelu(x) = x (1 + erf(x / √2)) / 2.
// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.

import { add, erf, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fusedKernel, runFused, withGradient } from './fused.ts';

/**
 * Applies the exact GELU to each element.
 *
 * @param x any shape, float32
 * @returns the same shape
 */
export function gelu(x: Tensor): Tensor {
  if (!fusedKernel('MpvgGelu')) return geluComposed(x);
  return withGradient(
    [x],
    (save) => {
      save([x]);
      return runFused('MpvgGelu', { x });
    },
    (dy, saved) => runFused('MpvgGeluGrad', { dy, x: saved[0]! }),
  );
}

/** `gelu` from tfjs's own operations. */
export function geluComposed(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}
