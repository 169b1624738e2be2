// Stochastic gradient descent with momentum over all parameters at once, in place; torch.optim.SGD's arithmetic (dampening 0,
// weight decay as L2). Source: Sutskever et al., "On the importance of initialization and momentum", 2013.

import { add, mul, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { fusedKernel, runFusedList } from './fused.ts';
import { checkLists, numberedInputs } from './parameterUpdate.ts';

export interface SgdState {
  readonly parameters: readonly Variable[];
  /** Of the parameters' shapes, zero at first. */
  readonly momenta: readonly Variable[];
}

export interface SgdOptions {
  /** Learning rate, a scalar tensor. */
  readonly learningRate: Tensor;
  /** Factor on the learning rate for each parameter. */
  readonly learningRateScales: readonly number[];
  /** Weight decay for each parameter. */
  readonly weightDecays: readonly number[];
  /** Default 0.9. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
  /** Factor on every gradient, a scalar tensor (from clipGradientNorm). Default 1. */
  readonly gradientScale?: Tensor | undefined;
}

/**
 * One update of the parameters and their momenta.
 * @throws ShapeError when lists do not fit together
 */
export function sgd(state: SgdState, gradients: readonly Tensor[], options: SgdOptions): void {
  const { parameters, momenta } = state;
  checkLists('sgd', { parameters, gradients, momenta });
  if (!fusedKernel('MpvgSgd')) { sgdComposed(state, gradients, options); return; }
  const { learningRate, learningRateScales, weightDecays, momentum = 0.9, nesterov = false, gradientScale } = options;
  runFusedList(
    'MpvgSgd',
    {
      ...numberedInputs({ param: parameters, grad: gradients, momentum: momenta }),
      lr: learningRate,
      ...(gradientScale && { gradScale: gradientScale }),
    },
    { lrScales: learningRateScales, weightDecays, momentum, nesterov },
  );
}

/** `sgd` from tfjs's own operations, unchecked. */
export function sgdComposed(state: SgdState, gradients: readonly Tensor[], options: SgdOptions): void {
  const { learningRate, learningRateScales, weightDecays, momentum = 0.9, nesterov = false, gradientScale } = options;
  tidy(() => {
    for (const [i, parameter] of state.parameters.entries()) {
      const buffer = state.momenta[i]!;
      const scaled = gradientScale === undefined ? gradients[i]! : mul(gradients[i]!, gradientScale);
      const gradient = add(scaled, mul(parameter, weightDecays[i]!));
      buffer.assign(add(mul(buffer, momentum), gradient));
      const direction = nesterov ? add(gradient, mul(buffer, momentum)) : buffer;
      parameter.assign(sub(parameter, mul(mul(learningRate, learningRateScales[i]!), direction)));
    }
  });
}
