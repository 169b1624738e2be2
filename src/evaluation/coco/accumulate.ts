// Precision, recall and scores over all photos, from what became of each detection.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import type { CocoParameters } from './cocoParameters.ts';
import { FALSE_POSITIVE, TRUE_POSITIVE, type DetectionStates } from './detectionStates.ts';
import type { EvaluationCells } from './evaluationCells.ts';

/** Results for T IoU thresholds, R recall thresholds, K classes (1 without useCats), A area ranges and M limits on detections. */
export interface CocoCurves {
  readonly shape: readonly [T: number, R: number, K: number, A: number, M: number];
  /** [T, R, K, A, M] highest precision at this recall or above, 0 where that recall is not reached; -1 for no objects. */
  readonly precision: Float64Array;
  /** [T, K, A, M] highest recall; -1 for no objects. */
  readonly recall: Float64Array;
  /** [T, R, K, A, M] score of the detection at which the recall is reached, 0 where it is not; -1 for no objects. */
  readonly scores: Float64Array;
}

/** @param scores of the rows that `cells.detections` names */
export function accumulateCurves(
  cells: EvaluationCells, { states, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
): CocoCurves {
  const { iouThresholds, recallThresholds, areaRanges, maxDets, categoryIds, useCats } = parameters;
  const [T, R, A, M] = [iouThresholds.length, recallThresholds.length, areaRanges.length, maxDets.length];
  const K = useCats ? categoryIds.length : 1;
  const precision = new Float64Array(T * R * K * A * M).fill(-1);
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const scoresAt = new Float64Array(T * R * K * A * M).fill(-1);
  const total = cells.detections.length;
  const curve = new Curve(recallThresholds);
  for (let k = 0; k < K; k++) {
    const [start, end] = [cells.rankingStarts[k]!, cells.rankingStarts[k + 1]!];
    const sorted = Float64Array.from(cells.ranking.subarray(start, end), (place) => scores[cells.detections[place]!]!);
    for (let m = 0; m < M; m++) {
      const counted = withinLimit(cells, start, end, maxDets[m]!);
      for (let a = 0; a < A; a++) {
        const truths = truthCounts[k * A + a]!;
        if (truths === 0) continue;
        curve.setTruths(truths);
        for (let t = 0; t < T; t++) {
          const first = (a * T + t) * total + start;
          recall[((t * K + k) * A + a) * M + m] = curve.trace(states.subarray(first, first + end - start), counted, sorted);
          for (let r = 0; r < R; r++) {
            const at = (((t * R + r) * K + k) * A + a) * M + m;
            precision[at] = curve.precision[r]!;
            scoresAt[at] = curve.scores[r]!;
          }
        }
      }
    }
  }
  return { shape: [T, R, K, A, M], precision, recall, scores: scoresAt };
}

/** Numbers, within a class, of the detections that are among the best `most` of their cell. */
function withinLimit({ ranking, ranks }: EvaluationCells, start: number, end: number, most: number): Uint32Array {
  const counted = new Uint32Array(end - start);
  let count = 0;
  for (let i = start; i < end; i++) if (ranks[ranking[i]!]! < most) counted[count++] = i - start;
  return counted.subarray(0, count);
}

/** One precision-recall curve after another. */
class Curve {
  /** [R] results of the last curve. */
  readonly precision: Float64Array;
  readonly scores: Float64Array;
  readonly #thresholds: readonly number[];
  /** [R] true positives with which the threshold is reached. */
  readonly #needed: Float64Array;
  #truths = 0;
  /** After 1, 2, … true positives: precision, and score. */
  #precisionAfter = new Float64Array(256);
  #scoreAfter = new Float64Array(256);

  constructor(thresholds: readonly number[]) {
    this.#thresholds = thresholds;
    this.#needed = new Float64Array(thresholds.length);
    this.precision = new Float64Array(thresholds.length);
    this.scores = new Float64Array(thresholds.length);
  }

  /** Sets the number of objects of the next curves. */
  setTruths(truths: number): void {
    this.#truths = truths;
    this.#thresholds.forEach((threshold, r) => {
      let needed = Math.min(truths + 1, Math.max(0, Math.ceil(threshold * truths)));
      while (needed > 0 && (needed - 1) / truths >= threshold) needed--;
      while (needed / truths < threshold && needed <= truths) needed++;
      this.#needed[r] = needed;
    });
  }

  /**
   * Follows a curve. The precision before the next true positive is lower than at the last one, so only those matter.
   * @param states of a class's detections, best first
   * @param counted which of them count
   * @param sorted their scores
   * @returns the highest recall
   */
  trace(states: Uint8Array, counted: Uint32Array, sorted: Float64Array): number {
    if (counted.length > this.#precisionAfter.length) {
      this.#precisionAfter = new Float64Array(2 * counted.length);
      this.#scoreAfter = new Float64Array(2 * counted.length);
    }
    const [after, scoreAfter] = [this.#precisionAfter, this.#scoreAfter];
    let right = 0;
    let wrong = 0;
    for (let i = 0; i < counted.length; i++) {
      const state = states[counted[i]!]!;
      if (state === TRUE_POSITIVE) {
        scoreAfter[right] = sorted[counted[i]!]!;
        right++;
        after[right - 1] = right / (wrong + right + Number.EPSILON);
      } else if (state === FALSE_POSITIVE) wrong++;
    }
    for (let i = right - 1; i > 0; i--) if (after[i]! > after[i - 1]!) after[i - 1] = after[i]!;
    this.precision.fill(0);
    this.scores.fill(0);
    for (let r = 0; r < this.#needed.length; r++) {
      const needed = this.#needed[r]!;
      // The first threshold that is not reached ends the row, whatever comes behind it.
      if (needed > right || counted.length === 0) break;
      this.precision[r] = needed > 0 ? after[needed - 1]! : right > 0 ? after[0]! : 0;
      this.scores[r] = needed > 0 ? scoreAfter[needed - 1]! : sorted[counted[0]!]!;
    }
    return right / this.#truths;
  }
}
