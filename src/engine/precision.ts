// The precision that a run computes in. Weights, optimizer state and normalisation statistics are float32 in either.

import { setComputeType } from '../ops/computeType.ts';

/** What activations are stored as: float32 or bfloat16. */
export type Precision = 'fp32' | 'bf16';

/** Sets what activations are stored as from now on: float32, or bfloat16. */
export function setPrecision(precision: Precision): void {
  setComputeType(precision === 'bf16' ? 'bfloat16' : 'float32');
}
