// AdamW over all parameters at once, in place.
// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2; torch.optim.AdamW's arithmetic.

import { add, div, mul, pow, sqrt, square, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { fusedKernel, runFusedList } from './fused.ts';
import { checkLists, numberedInputs } from './parameterUpdate.ts';

export interface AdamWState {
  readonly parameters: readonly Variable[];
  /** Running mean of the gradients, of the parameters' shapes. */
  readonly firstMoments: readonly Variable[];
  /** Running mean of their squares. */
  readonly secondMoments: readonly Variable[];
}

export interface AdamWOptions {
  /** The update's number, from 1: a scalar tensor, so that a compiled step reads today's. */
  readonly step: Tensor;
  /** Learning rate, a scalar tensor. */
  readonly learningRate: Tensor;
  /** Factor on the learning rate for each parameter. */
  readonly learningRateScales: readonly number[];
  /** Weight decay for each parameter. */
  readonly weightDecays: readonly number[];
  /** Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Factor on every gradient, a scalar tensor (from clipGradientNorm). Default 1. */
  readonly gradientScale?: Tensor | undefined;
}

/**
 * One update of the parameters and their moments.
 * @throws ShapeError when lists do not fit together
 */
export function adamW(state: AdamWState, gradients: readonly Tensor[], options: AdamWOptions): void {
  const { parameters, firstMoments, secondMoments } = state;
  checkLists('adamW', { parameters, gradients, firstMoments, secondMoments });
  if (!fusedKernel('MpvgAdamW')) { adamWComposed(state, gradients, options); return; }
  const { step, learningRate, learningRateScales, weightDecays, betas = [0.9, 0.999], eps = 1e-8, gradientScale } = options;
  const lists = numberedInputs({ param: parameters, grad: gradients, first: firstMoments, second: secondMoments });
  runFusedList(
    'MpvgAdamW',
    { ...lists, step, lr: learningRate, ...(gradientScale && { gradScale: gradientScale }) },
    { lrScales: learningRateScales, weightDecays, beta1: betas[0], beta2: betas[1], eps },
  );
}

/** `adamW` from tfjs's own operations, unchecked. */
export function adamWComposed(state: AdamWState, gradients: readonly Tensor[], options: AdamWOptions): void {
  const { step, learningRate, learningRateScales, weightDecays, betas = [0.9, 0.999], eps = 1e-8, gradientScale } = options;
  const [beta1, beta2] = betas;
  tidy(() => {
    const correction1 = sub(1, pow(beta1, step));
    const correction2 = sqrt(sub(1, pow(beta2, step)));
    for (const [i, parameter] of state.parameters.entries()) {
      const gradient = gradientScale === undefined ? gradients[i]! : mul(gradients[i]!, gradientScale);
      const rate = mul(learningRate, learningRateScales[i]!);
      const first = state.firstMoments[i]!;
      const second = state.secondMoments[i]!;
      first.assign(add(mul(first, beta1), mul(gradient, 1 - beta1)));
      second.assign(add(mul(second, beta2), mul(square(gradient), 1 - beta2)));
      const direction = div(div(first, correction1), add(div(sqrt(second), correction2), eps));
      parameter.assign(sub(mul(parameter, sub(1, mul(rate, weightDecays[i]!))), mul(rate, direction)));
    }
  });
}
