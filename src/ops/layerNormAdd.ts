// A layer norm and an addend in one pass: what a layer that is given a position computes, LN(x) + LN'(pos).
// Source: LaPE, equation 6; MPVG, equations 10 and 11.

import { add } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';
import { layerNormComposed } from './layerNorm.ts';

/**
 * Normalises the last axis and adds a tensor.
 *
 * @param x [B, N, C], float32
 * @param weight [C], float32
 * @param bias [C], float32
 * @param addend [B, N, C], [1, N, C] or [N, C], float32
 * @param eps added to the variance; default 1e-6
 * @returns LN(x) + addend, [B, N, C]
 * @throws ShapeError
 */
export function layerNormAdd(x: Tensor, weight: Tensor, bias: Tensor, addend: Tensor, eps = 1e-6): Tensor {
  checkShape('layerNormAdd', 'x', x, ['B', 'N', 'C']);
  const [batch = 0, tokens = 0, channels = 0] = x.shape;
  checkShape('layerNormAdd', 'weight', weight, [channels]);
  checkShape('layerNormAdd', 'bias', bias, [channels]);
  checkShape('layerNormAdd', 'addend', addend, ['...', tokens, channels]);
  if (addend.rank > 3 || (addend.rank === 3 && addend.shape[0] !== 1 && addend.shape[0] !== batch)) {
    throw new ShapeError(`layerNormAdd: expected shape [1 or ${batch}, ${tokens}, ${channels}] for addend, got [${addend.shape.join(', ')}]`);
  }
  if (!fusedKernel('MpvgLayerNormAdd')) return layerNormAddComposed(x, weight, bias, addend, eps);
  return withGradient(
    [x, weight, bias, addend],
    (save) => {
      const [y, mean, rstd] = runFusedList('MpvgLayerNormAdd', { x, weight, bias, addend }, { eps }) as [Tensor, Tensor, Tensor];
      save([x, mean, rstd, weight]);
      return y;
    },
    (dy, saved) => {
      const [x, mean, rstd, weight] = saved as [Tensor, Tensor, Tensor, Tensor];
      return [...runFusedList('MpvgLayerNormGrad', { dy, x, mean, rstd, weight }), sumTo(dy, addend.shape)];
    },
  );
}

/** `layerNormAdd` from tfjs's own operations, unchecked. */
export function layerNormAddComposed(x: Tensor, weight: Tensor, bias: Tensor, addend: Tensor, eps = 1e-6): Tensor {
  return add(layerNormComposed(x, weight, bias, eps), addend);
}

/** Sums [B, N, C] to the shape of what was broadcast to it. A tensor of its own also where nothing is summed. */
function sumTo(x: Tensor, shape: number[]): Tensor {
  if (shape.length === x.rank && shape[0] === x.shape[0]) return x.clone();
  return runFused('MpvgSumTo', { dy: x }, { shape });
}
