// The loss of semantic segmentation: the cross entropy of the pixels, as mmsegmentation has it (the mean over all pixels,
// ignored ones counting as 0), and with online hard example mining the same with easy pixels left out.
// Source: mmsegmentation 1.2, CrossEntropyLoss (avg_non_ignore=False) and OHEMPixelSampler.

import {
  cast, greater, greaterEqual, logicalAnd, maximum, min, minimum, mul, notEqual, reshape, scalar, sum, tidy, topk, where,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { withGradient } from './fused.ts';
import { pixelCrossEntropy } from './pixelCrossEntropy.ts';

/** Which pixels are hard. */
export interface HardPixels {
  /** Pixels per image that stay in any case. */
  readonly minKept: number;
  /** A pixel is hard when its class has less than this probability; absent: the `minKept` pixels of greatest loss alone. */
  readonly threshold?: number;
}

/** Which pixels count. */
export interface SegmentationCrossEntropyOptions {
  /** The label of pixels that do not count; default 255. */
  readonly ignoreIndex?: number;
  /** Online hard example mining; absent: every pixel counts. */
  readonly ohem?: HardPixels;
}

/**
 * The loss of a batch. Labels are not checked here, where their values are not known: see the task.
 *
 * @param logits [B, h, w, K], float32; where they are coarser than the labels they are resized bilinearly
 * @param labels [B, H, W], int32, in 0 … K-1 or `ignoreIndex`
 * @returns a scalar: the sum over the pixels that count, divided by B · H · W
 * @throws ShapeError
 */
export function segmentationCrossEntropy(
  logits: Tensor, labels: Tensor, { ignoreIndex = 255, ohem }: SegmentationCrossEntropyOptions = {},
): Tensor {
  checkShape('segmentationCrossEntropy', 'logits', logits, ['B', 'h', 'w', 'K']);
  checkShape('segmentationCrossEntropy', 'labels', labels, [logits.shape[0], 'H', 'W']);
  if (labels.dtype !== 'int32') throw new ShapeError(`segmentationCrossEntropy: expected dtype int32 for labels, got ${labels.dtype}`);
  const losses = pixelCrossEntropy(logits, labels, ignoreIndex); // [B, H, W]
  if (ohem === undefined) return mul(sum(losses), 1 / labels.size);
  const hard = withGradient(
    [losses],
    (save) => {
      const mask = hardPixels(losses, labels, ignoreIndex, ohem);
      save([mask]);
      return mul(losses, mask);
    },
    (dy, [mask]) => mul(dy, mask!),
  );
  return mul(sum(hard), 1 / labels.size);
}

/** 1 for the pixels that count, else 0. [B, H, W] */
function hardPixels(losses: Tensor, labels: Tensor, ignoreIndex: number, { minKept, threshold }: HardPixels): Tensor {
  if (!Number.isInteger(minKept) || minKept < 1) {
    throw new ShapeError(`segmentationCrossEntropy: expected a whole number of 1 or more for ohem.minKept, got ${minKept}`);
  }
  const kept = minKept * labels.shape[0];
  return tidy(() => {
    const known = notEqual(labels, scalar(ignoreIndex, 'int32'));
    const flat = reshape(where(known, losses, scalar(-Infinity)), [-1]);
    const nth = (n: number): Tensor => min(topk(flat, Math.min(n, labels.size)).values);
    if (threshold === undefined) return cast(logicalAnd(known, greaterEqual(losses, nth(kept))), 'float32');
    // Probabilities below `threshold`, or below that of the pixel after the `kept` hardest (the easiest, if there are fewer).
    const easiest = min(where(known, losses, scalar(Infinity)));
    const limit = minimum(maximum(nth(kept + 1), easiest), -Math.log(threshold));
    return cast(logicalAnd(known, greater(losses, limit)), 'float32');
  });
}
