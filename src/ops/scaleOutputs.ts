// Layer scale: a learnt factor for each channel of a residual branch, put into the linear layer that ends the branch, so that
// the operations that fuse that layer need not know of it: γ ∘ (x weightᵀ + bias) = x (γ ∘ weight)ᵀ + γ ∘ bias.
// Source: Touvron et al., "Going deeper with Image Transformers", 2021, section 2.

import { expandDims, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import type { LinearTensors } from './parameterTensors.ts';

/**
 * A linear layer with its outputs scaled.
 *
 * @param factors [out], float32
 * @throws ShapeError
 */
export function scaleOutputs({ weight, bias }: LinearTensors, factors: Tensor): LinearTensors {
  checkShape('scaleOutputs', 'weight', weight, ['out', 'in']);
  checkShape('scaleOutputs', 'factors', factors, [weight.shape[0]]);
  return { weight: mul(weight, expandDims(factors, 1)), bias: bias && mul(bias, factors) };
}
