// Sums of gradients over several batches, in place.

import { add, tidy, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { fusedKernel, runFusedList } from './fused.ts';
import { checkLists, numberedInputs } from './parameterUpdate.ts';

/**
 * sums += gradients.
 * @throws ShapeError when the lists do not fit together
 */
export function accumulate(sums: readonly Variable[], gradients: readonly Tensor[]): void {
  checkLists('accumulate', { sums, gradients });
  if (fusedKernel('MpvgAccumulate')) {
    runFusedList('MpvgAccumulate', numberedInputs({ sum: sums, grad: gradients }));
    return;
  }
  tidy(() => {
    for (const [i, sum] of sums.entries()) sum.assign(add(sum, gradients[i]!));
  });
}

/** Sets tensors to zero. */
export function clear(sums: readonly Variable[]): void {
  if (fusedKernel('MpvgClear')) {
    runFusedList('MpvgClear', numberedInputs({ target: sums }));
    return;
  }
  tidy(() => {
    for (const sum of sums) sum.assign(zerosLike(sum));
  });
}
