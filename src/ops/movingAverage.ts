// The exponential moving average of the parameters (EMA), in place: average += (1 - decay) · (parameter - average).
// Source: Polyak and Juditsky, 1992; timm's ModelEmaV2.

import { add, mul, sub, tidy } from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { fusedKernel, runFusedList } from './fused.ts';
import { checkLists, numberedInputs } from './parameterUpdate.ts';

/**
 * @param averages of the parameters' shapes
 * @param decay in [0, 1]: how much of the average stays
 * @throws ShapeError when the lists do not fit together
 */
export function movingAverage(averages: readonly Variable[], parameters: readonly Variable[], decay: number): void {
  checkLists('movingAverage', { averages, parameters });
  if (!fusedKernel('MpvgEma')) { movingAverageComposed(averages, parameters, decay); return; }
  runFusedList('MpvgEma', numberedInputs({ average: averages, param: parameters }), { decay });
}

/** `movingAverage` from tfjs's own operations, unchecked. */
export function movingAverageComposed(averages: readonly Variable[], parameters: readonly Variable[], decay: number): void {
  tidy(() => {
    for (const [i, average] of averages.entries()) average.assign(add(average, mul(sub(parameters[i]!, average), 1 - decay)));
  });
}
