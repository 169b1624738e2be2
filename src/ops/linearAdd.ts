// The linear layer that ends a residual branch, and the sum that it goes into: residual + scale[b] · (x weightᵀ + bias).
// The scale is stochastic depth's (see dropPath.ts).

import { add } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import { addScaled, addScaledComposed } from './dropPath.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';
import { linear, linearComposed } from './linear.ts';
import { checkLinear, type LinearTensors } from './parameterTensors.ts';

/**
 * Projects and adds to the residual stream. The scale gets no gradient.
 *
 * @param x [B, N, in], float32
 * @param layer from `in` to C
 * @param residual [B, N, C], float32
 * @param scale [B], float32; absent: 1
 * @returns [B, N, C]
 * @throws ShapeError
 */
export function linearAdd(x: Tensor, layer: LinearTensors, residual: Tensor, scale?: Tensor): Tensor {
  checkShape('linearAdd', 'x', x, ['B', 'N', 'in']);
  const [batch = 0, tokens = 0, inputs = 0] = x.shape;
  const outputs = checkLinear('linearAdd', 'layer', layer, inputs);
  checkShape('linearAdd', 'residual', residual, [batch, tokens, outputs]);
  if (scale !== undefined) checkShape('linearAdd', 'scale', scale, [batch]);
  const { weight, bias } = layer;
  if (!fusedKernel('MpvgLinearAdd')) {
    const branch = linear(x, weight, bias);
    return scale === undefined ? add(residual, branch) : addScaled(residual, branch, scale);
  }
  return withGradient(
    [x, residual, weight, ...(bias ? [bias] : [])],
    (save) => {
      save([x, weight, ...(scale ? [scale] : [])]);
      return runFused('MpvgLinearAdd', { x, weight, residual, ...(bias && { bias }), ...(scale && { scale }) });
    },
    (dy, saved) => {
      const [x, weight, scale] = saved as [Tensor, Tensor, Tensor | undefined];
      const [dx, ...rest] = runFusedList(
        'MpvgLinearAddGrad',
        { dy, x, weight, ...(scale && { scale }) },
        { bias: bias !== undefined },
      ) as [Tensor, ...Tensor[]];
      return [dx, dy.clone(), ...rest];
    },
  );
}

/** `linearAdd` from tfjs's own operations, unchecked. */
export function linearAddComposed(x: Tensor, { weight, bias }: LinearTensors, residual: Tensor, scale?: Tensor): Tensor {
  const branch = linearComposed(x, weight, bias);
  return scale === undefined ? add(residual, branch) : addScaledComposed(residual, branch, scale);
}
