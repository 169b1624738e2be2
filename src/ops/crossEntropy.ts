// The classification loss: cross entropy of the softmax, for labels or for soft targets (Mixup), with label smoothing.
// Source: Szegedy et al., "Rethinking the Inception Architecture", 2016, section 7 (smoothing); torch's definition of it:
// the target becomes (1 - s) · target + s / K.

import { add, cast, logSoftmax, mean, mul, neg, oneHot, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';

/** How labels count. */
export interface CrossEntropyOptions {
  /** In [0, 1]; default 0. */
  readonly labelSmoothing?: number;
}

/**
 * The mean cross entropy of a batch. The target gets no gradient. Labels are not checked here, where their values are not
 * known: see the task.
 *
 * @param logits [B, K], float32
 * @param target labels [B], int32, in 0 … K-1; or probabilities [B, K], float32
 * @returns a scalar
 * @throws ShapeError
 */
export function crossEntropy(logits: Tensor, target: Tensor, { labelSmoothing = 0 }: CrossEntropyOptions = {}): Tensor {
  checkShape('crossEntropy', 'logits', logits, ['B', 'K']);
  const [batch = 0, classes = 0] = logits.shape;
  checkShape('crossEntropy', 'target', target, target.rank === 1 ? [batch] : [batch, classes]);
  const dtype = target.rank === 1 ? 'int32' : 'float32';
  if (target.dtype !== dtype) {
    throw new ShapeError(`crossEntropy: expected dtype ${dtype} for target of rank ${target.rank}, got ${target.dtype}`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShapeError(`crossEntropy: expected a number in [0, 1] for labelSmoothing, got ${labelSmoothing}`);
  }
  if (!fusedKernel('MpvgCrossEntropy')) return crossEntropyComposed(logits, target, { labelSmoothing });
  return withGradient(
    [logits],
    (save) => {
      const inputs = { logits, target };
      const [loss, logProbabilities] = runFusedList('MpvgCrossEntropy', inputs, { labelSmoothing }) as [Tensor, Tensor];
      save([logProbabilities, target]);
      return loss;
    },
    (dy, saved) => {
      const [logProbabilities, target] = saved as [Tensor, Tensor];
      return runFused('MpvgCrossEntropyGrad', { dy, logProbabilities, target }, { labelSmoothing });
    },
  );
}

/** `crossEntropy` from tfjs's own operations, unchecked. */
export function crossEntropyComposed(logits: Tensor, target: Tensor, { labelSmoothing = 0 }: CrossEntropyOptions = {}): Tensor {
  const classes = logits.shape[1] ?? 0;
  const given = target.rank === 1 ? cast(oneHot(target as Tensor1D, classes), 'float32') : target; // [B, K]
  const smoothed = labelSmoothing === 0 ? given : add(mul(given, 1 - labelSmoothing), labelSmoothing / classes);
  return neg(mean(sum(mul(logSoftmax(logits), smoothed), 1)));
}
