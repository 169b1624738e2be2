// A layer norm, a position added to it, and the linear layer that reads the sum: (LN(x) + addend) weightᵀ + bias. It begins
// every attention; the normalised rows are not kept for the backward pass but made again.
// Source: LaPE, equation 6; MPVG, equations 8 and 9.

import { add } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { reducedPrecision } from './computeType.ts';
import { fusedKernel, runFusedList, withGradient } from './fused.ts';
import { layerNorm, layerNormComposed } from './layerNorm.ts';
import { layerNormAdd } from './layerNormAdd.ts';
import { linear, linearComposed } from './linear.ts';
import { checkLinear, checkNorm, type LinearTensors, type NormTensors } from './parameterTensors.ts';

/**
 * Normalises, adds, projects.
 *
 * @param x [B, N, C], float32
 * @param norm over C
 * @param layer from C
 * @param addend [1, N, C] or [B, N, C], float32; absent: none
 * @returns [B, N, out]
 * @throws ShapeError
 */
export function normLinear(x: Tensor, norm: NormTensors, layer: LinearTensors, addend?: Tensor): Tensor {
  checkShape('normLinear', 'x', x, ['B', 'N', 'C']);
  const [batch = 0, tokens = 0, channels = 0] = x.shape;
  checkNorm('normLinear', 'norm', norm, channels);
  checkLinear('normLinear', 'layer', layer, channels);
  if (addend !== undefined) {
    checkShape('normLinear', 'addend', addend, ['1 or B', tokens, channels]);
    if (addend.shape[0] !== 1 && addend.shape[0] !== batch) {
      throw new ShapeError(`normLinear: expected shape [1 or ${batch}, ${tokens}, ${channels}] for addend, got [${addend.shape.join(', ')}]`);
    }
  }
  const { weight, bias } = layer;
  if (!fusedKernel('MpvgNormLinear')) {
    const normed = addend === undefined ?
      layerNorm(x, norm.weight, norm.bias, norm.eps) :
      layerNormAdd(x, norm.weight, norm.bias, addend, norm.eps);
    return linear(normed, weight, bias);
  }
  return withGradient(
    [x, norm.weight, norm.bias, weight, ...(bias ? [bias] : []), ...(addend ? [addend] : [])],
    (save) => {
      const inputs = { x, gamma: norm.weight, beta: norm.bias, weight, ...(bias && { bias }), ...(addend && { addend }) };
      const attributes = { eps: norm.eps, reduced: reducedPrecision() };
      const [y, mean, rstd] = runFusedList('MpvgNormLinear', inputs, attributes) as [Tensor, Tensor, Tensor];
      save([x, mean, rstd, norm.weight, norm.bias, weight, ...(addend ? [addend] : [])]);
      return y;
    },
    (dy, saved) => {
      const names = ['x', 'mean', 'rstd', 'gamma', 'beta', 'weight', 'addend'];
      const inputs = Object.fromEntries(saved.map((tensor, i) => [names[i]!, tensor]));
      const gradients = runFusedList('MpvgNormLinearGrad', { dy, ...inputs }, { bias: bias !== undefined });
      // It hands out the addend's before the weight's and the bias's.
      return addend === undefined ? gradients : [...gradients.slice(0, 3), ...gradients.slice(4), gradients[3]!];
    },
  );
}

/** `normLinear` from tfjs's own operations, unchecked. */
export function normLinearComposed(x: Tensor, norm: NormTensors, { weight, bias }: LinearTensors, addend?: Tensor): Tensor {
  const normed = layerNormComposed(x, norm.weight, norm.bias, norm.eps);
  return linearComposed(addend === undefined ? normed : add(normed, addend), weight, bias);
}
