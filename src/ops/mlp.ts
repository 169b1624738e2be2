// The transformer's feed-forward part: linear, GELU, linear.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, equation 3.

import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFusedList, withGradient } from './fused.ts';
import { gelu, geluComposed } from './gelu.ts';
import { linear, linearComposed } from './linear.ts';

/**
 * Two fully connected layers with a GELU between them. Its gradient keeps the values before the GELU and computes those
 * after it again: they are the widest tensors of a layer.
 *
 * @param x [..., in], float32
 * @param w1 [hidden, in]
 * @param b1 [hidden]
 * @param w2 [out, hidden]
 * @param b2 [out]
 * @returns [..., out]
 * @throws ShapeError
 */
export function mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor): Tensor {
  checkShape('mlp', 'w1', w1, ['hidden', 'in']);
  const [hidden = 0, inputs = 0] = w1.shape;
  checkShape('mlp', 'w2', w2, ['out', hidden]);
  const [outputs = 0] = w2.shape;
  checkShape('mlp', 'x', x, ['...', inputs]);
  checkShape('mlp', 'b1', b1, [hidden]);
  checkShape('mlp', 'b2', b2, [outputs]);
  if (!fusedKernel('MpvgMlp')) return linear(gelu(linear(x, w1, b1)), w2, b2);
  return withGradient(
    [x, w1, b1, w2, b2],
    (save) => {
      const [y, hidden] = runFusedList('MpvgMlp', { x, w1, b1, w2, b2 }) as [Tensor, Tensor];
      save([x, hidden, w1, w2]);
      return y;
    },
    (dy, saved) => {
      const [x, hidden, w1, w2] = saved as [Tensor, Tensor, Tensor, Tensor];
      return runFusedList('MpvgMlpGrad', { dy, x, hidden, w1, w2 });
    },
  );
}

/** `mlp` from tfjs's own operations, unchecked. */
export function mlpComposed(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor): Tensor {
  return linearComposed(geluComposed(linearComposed(x, w1, b1)), w2, b2);
}
