// Object keypoint similarity: how near a person's detected keypoints are to the labelled ones, for the person's size.
//   OKS = mean over labelled keypoints of exp(-d² / (2 s² k²)), s² the object's area, k twice the keypoint's sigma.
// Source: https://cocodataset.org/#keypoints-eval; arithmetic in the order of pycocotools 2.0.11, COCOeval.computeOks. The
// exponential function is the platform's; numpy's own differs in the last bit from one processor to the next.

import { DataError } from '../../errors.ts';
import { pairwiseSum } from './pairwiseSum.ts';

/** Keypoints that are labelled: those whose visibility is above 0. @param keypoints x, y, visibility of each in turn */
export function labelledCount(keypoints: Float64Array): number {
  return keypoints.reduce((count, value, i) => count + (i % 3 === 2 && value > 0 ? 1 : 0), 0);
}

const EPSILON = Number.EPSILON;

/** A labelled person. */
export interface LabelledKeypoints {
  /** x, y, visibility of each keypoint in turn. */
  readonly keypoints: Float64Array;
  /** px² */
  readonly area: number;
  /** x, y, width, height in px: without labelled keypoints, distances are those to this box at three times its size. */
  readonly box: ArrayLike<number>;
}

/**
 * The similarity of detected keypoints to a person's.
 * @param detected x, y and a third number of each keypoint in turn
 * @param sigmas one per keypoint
 */
export function keypointSimilarity(
  detected: Float64Array, { keypoints, area, box }: LabelledKeypoints, sigmas: readonly number[],
): number {
  const labelled = sigmas.reduce((count, _, i) => count + (keypoints[3 * i + 2]! > 0 ? 1 : 0), 0);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = Array.from(box);
  const values = new Float64Array(labelled > 0 ? labelled : sigmas.length);
  let count = 0;
  sigmas.forEach((sigma, i) => {
    if (labelled > 0 && !(keypoints[3 * i + 2]! > 0)) return;
    const atX = detected[3 * i]!;
    const atY = detected[3 * i + 1]!;
    const dx = labelled > 0 ? atX - keypoints[3 * i]! : Math.max(0, x - width - atX) + Math.max(0, atX - (x + width * 2));
    const dy = labelled > 0 ? atY - keypoints[3 * i + 1]! : Math.max(0, y - height - atY) + Math.max(0, atY - (y + height * 2));
    const variance = (sigma * 2) ** 2;
    values[count++] = Math.exp(-((dx * dx + dy * dy) / variance / (area + EPSILON) / 2));
  });
  return pairwiseSum(values) / count;
}

/**
 * Checks that there are three numbers per keypoint.
 * @param whose names the annotation in the message
 * @throws DataError
 */
export function checkKeypoints(keypoints: Float64Array | undefined, sigmas: readonly number[], whose: string): Float64Array {
  if (keypoints?.length === 3 * sigmas.length) return keypoints;
  const got = keypoints === undefined ? 'none' : `${keypoints.length} numbers`;
  throw new DataError(`CocoEval: expected ${sigmas.length} keypoints of 3 numbers for ${whose}, got ${got}: as many as there are sigmas`);
}
