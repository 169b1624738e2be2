// One precision-recall curve, read off at fixed recalls.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import { FALSE_POSITIVE, TRUE_POSITIVE } from './detectionStates.ts';

/** A class's detections at one IoU threshold and area range. */
export interface RankedDetections {
  /** Detection i's state is states[first + i * stride]. */
  readonly states: Uint8Array;
  readonly first: number;
  readonly stride: number;
  /** Which of them count, best first. */
  readonly counted: Uint32Array;
  /** Scores of all. */
  readonly scores: Float64Array;
}

/** One curve after another. */
export class RecallCurve {
  /** [R] of the last curve: highest precision at the recall or above, 0 where it is not reached. */
  readonly precision: Float64Array;
  /** [R] of the last curve: score at which the recall is reached, 0 where it is not. */
  readonly scores: Float64Array;
  readonly #thresholds: Float64Array;
  /** [R] true positives with which the threshold is reached. */
  readonly #needed: Float64Array;
  #truths = 0;
  /** After 1, 2, … true positives: precision, and number of the detection. */
  #precisionAfter = new Float64Array(256);
  #detectionAfter = new Uint32Array(256);

  /** @param thresholds [R] recalls */
  constructor(thresholds: readonly number[]) {
    this.#thresholds = Float64Array.from(thresholds);
    this.#needed = new Float64Array(thresholds.length);
    this.precision = new Float64Array(thresholds.length);
    this.scores = new Float64Array(thresholds.length);
  }

  /** Sets the number of objects of the next curves. */
  setTruths(truths: number): void {
    if (truths === this.#truths) return;
    this.#truths = truths;
    for (let r = 0; r < this.#needed.length; r++) {
      const threshold = this.#thresholds[r]!;
      let needed = Math.min(truths + 1, Math.max(0, Math.ceil(threshold * truths)));
      while (needed > 0 && (needed - 1) / truths >= threshold) needed--;
      while (needed / truths < threshold && needed <= truths) needed++;
      this.#needed[r] = needed;
    }
  }

  /**
   * Follows a curve. The precision before the next true positive is lower than at the last one, so only those matter.
   * @returns the highest recall
   */
  trace({ states, first, stride, counted, scores }: RankedDetections): number {
    if (counted.length > this.#precisionAfter.length) {
      this.#precisionAfter = new Float64Array(2 * counted.length);
      this.#detectionAfter = new Uint32Array(2 * counted.length);
    }
    const after = this.#precisionAfter;
    const detectionAfter = this.#detectionAfter;
    let right = 0;
    let wrong = 0;
    for (let i = 0; i < counted.length; i++) {
      const detection = counted[i]!;
      const state = states[first + detection * stride];
      if (state === TRUE_POSITIVE) {
        detectionAfter[right] = detection;
        right++;
        after[right - 1] = right / (wrong + right + Number.EPSILON);
      } else if (state === FALSE_POSITIVE) wrong++;
    }
    for (let i = right - 1; i > 0; i--) if (after[i]! > after[i - 1]!) after[i - 1] = after[i]!;

    const thresholds = this.#needed.length;
    let r = 0;
    if (counted.length > 0) {
      for (; r < thresholds; r++) {
        const needed = this.#needed[r]!;
        // The first threshold that is not reached ends the row, whatever comes behind it.
        if (needed > right) break;
        this.precision[r] = needed > 0 ? after[needed - 1]! : right > 0 ? after[0]! : 0;
        this.scores[r] = scores[needed > 0 ? detectionAfter[needed - 1]! : counted[0]!]!;
      }
    }
    for (; r < thresholds; r++) {
      this.precision[r] = 0;
      this.scores[r] = 0;
    }
    return right / this.#truths;
  }
}
