// The second half of a transformer layer: x + scale[b] · fc2(gelu(fc1(LN(x)))). Of its inner values only those before the GELU
// are kept for the backward pass; what follows from them is made again.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, equation 3; stochastic depth as in dropPath.ts.

import { add } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { reducedPrecision } from './computeType.ts';
import { addScaled, addScaledComposed } from './dropPath.ts';
import { fusedKernel, runFusedList, withGradient } from './fused.ts';
import { gelu, geluComposed } from './gelu.ts';
import { layerNorm, layerNormComposed } from './layerNorm.ts';
import { linear, linearComposed } from './linear.ts';
import { checkLinear, checkNorm, type LinearTensors, type NormTensors } from './parameterTensors.ts';

/**
 * Adds the feed-forward branch. The scale gets no gradient.
 *
 * @param x [B, N, C], float32
 * @param norm over C
 * @param fc1 from C to the hidden width
 * @param fc2 back to C
 * @param scale [B], float32; absent: 1
 * @returns [B, N, C]
 * @throws ShapeError
 */
export function normMlpAdd(x: Tensor, norm: NormTensors, fc1: LinearTensors, fc2: LinearTensors, scale?: Tensor): Tensor {
  checkShape('normMlpAdd', 'x', x, ['B', 'N', 'C']);
  const [batch = 0, , channels = 0] = x.shape;
  checkNorm('normMlpAdd', 'norm', norm, channels);
  const outputs = checkLinear('normMlpAdd', 'fc2', fc2, checkLinear('normMlpAdd', 'fc1', fc1, channels));
  if (outputs !== channels) throw new ShapeError(`normMlpAdd: expected ${channels} outputs for fc2, got ${outputs}`);
  if (scale !== undefined) checkShape('normMlpAdd', 'scale', scale, [batch]);
  const { weight: gamma, bias: beta, eps } = norm;
  const { weight: w1, bias: b1 } = fc1;
  const { weight: w2, bias: b2 } = fc2;
  if (b1 === undefined || b2 === undefined || !fusedKernel('MpvgNormMlpAdd')) {
    const branch = linear(gelu(linear(layerNorm(x, gamma, beta, eps), w1, b1)), w2, b2);
    return scale === undefined ? add(x, branch) : addScaled(x, branch, scale);
  }
  return withGradient(
    [x, gamma, beta, w1, b1, w2, b2],
    (save) => {
      const inputs = { x, gamma, beta, w1, b1, w2, b2, ...(scale && { scale }) };
      const attributes = { eps, reduced: reducedPrecision() };
      const [y, mean, rstd, hidden] = runFusedList('MpvgNormMlpAdd', inputs, attributes) as [Tensor, Tensor, Tensor, Tensor];
      save([x, mean, rstd, hidden, gamma, beta, w1, b1, w2, ...(scale ? [scale] : [])]);
      return y;
    },
    (dy, saved) => {
      const names = ['x', 'mean', 'rstd', 'hidden', 'gamma', 'beta', 'w1', 'b1', 'w2', 'scale'];
      const inputs = Object.fromEntries(saved.map((tensor, i) => [names[i]!, tensor]));
      return runFusedList('MpvgNormMlpAddGrad', { dy, ...inputs });
    },
  );
}

/** `normMlpAdd` from tfjs's own operations, unchecked. */
export function normMlpAddComposed(x: Tensor, norm: NormTensors, fc1: LinearTensors, fc2: LinearTensors, scale?: Tensor): Tensor {
  const normed = layerNormComposed(x, norm.weight, norm.bias, norm.eps);
  const hidden = geluComposed(linearComposed(normed, fc1.weight, fc1.bias));
  const branch = linearComposed(hidden, fc2.weight, fc2.bias);
  return scale === undefined ? add(x, branch) : addScaledComposed(x, branch, scale);
}
