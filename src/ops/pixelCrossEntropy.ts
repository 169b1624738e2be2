// The cross entropy of each pixel's softmax, for logits that may be coarser than the labels: they are resized bilinearly.

import { cast, equal, logSoftmax, mul, neg, oneHot, scalar, sum, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';
import { resizeBilinear, resizeBilinearComposed } from './resize.ts';

/**
 * @param logits [B, h, w, K], float32
 * @param labels [B, H, W], int32, in 0 … K-1 or `ignoreIndex`
 * @returns [B, H, W]; 0 where the label is `ignoreIndex`
 */
export function pixelCrossEntropy(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor {
  if (!fusedKernel('MpvgPixelCrossEntropy')) return pixelCrossEntropyComposed(logits, labels, ignoreIndex);
  const [, height = 0, width = 0] = labels.shape;
  const sameSize = logits.shape[1] === height && logits.shape[2] === width;
  const full = sameSize ? logits : resizeBilinear(logits, [height, width]);
  return withGradient(
    [full],
    (save) => {
      const [losses, logProbabilities] = runFusedList('MpvgPixelCrossEntropy', { logits: full, labels }, { ignoreIndex }) as [Tensor, Tensor];
      save([logProbabilities, labels]);
      return losses;
    },
    (dy, [logProbabilities, labels]) =>
      runFused('MpvgPixelCrossEntropyGrad', { dy, logProbabilities: logProbabilities!, labels: labels! }, { ignoreIndex }),
  );
}

/** The same from tfjs's own operations. */
export function pixelCrossEntropyComposed(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor {
  const [, height = 0, width = 0] = labels.shape;
  const logProbabilities = logSoftmax(resizeBilinearComposed(logits, [height, width])); // [B, H, W, K]
  const ignored = equal(labels, scalar(ignoreIndex, 'int32'));
  const known = where(ignored, zerosLike(labels), labels);
  const target = cast(oneHot(known, logits.shape[3] ?? 0), 'float32'); // [B, H, W, K]
  return mul(neg(sum(mul(logProbabilities, target), 3)), cast(equal(ignored, false), 'float32'));
}
