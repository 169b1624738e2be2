// One precision-recall curve, read off at fixed recalls.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import { FALSE_POSITIVE, TRUE_POSITIVE } from './detectionStates.ts';

/** A class's detections at one IoU threshold and area range. */
export interface RankedDetections {
  /** Detection i's state is states[first + i * stride]. */
  readonly states: Uint8Array;
  readonly first: number;
  readonly stride: number;
  /** Which of them to look at, best first: all that are not ignored, and perhaps others. */
  readonly counted: Uint32Array;
  /** Scores of all. */
  readonly scores: Float64Array;
  /** The highest score, also of those ignored; undefined when there is no detection. */
  readonly best: number | undefined;
}

/** Where curves go, [curves, R]: highest precision at the recall or above, and the score at which it is reached, else 0. */
export interface CurveRows {
  readonly precision: Float64Array;
  readonly scores: Float64Array;
}

/** One curve after another. */
export class RecallCurve {
  readonly #thresholds: Float64Array;
  /** [R] by number of objects: true positives with which the threshold is reached. */
  readonly #neededBy = new Map<number, Float64Array>();
  #needed: Float64Array = new Float64Array(0);
  #truths = 0;
  /** After 1, 2, … true positives: precision, and number of the detection. */
  #precisionAfter = new Float64Array(256);
  #detectionAfter = new Uint32Array(256);

  /** @param thresholds [R] recalls */
  constructor(thresholds: readonly number[]) {
    this.#thresholds = Float64Array.from(thresholds);
  }

  /** Sets the number of objects of the next curves. */
  setTruths(truths: number): void {
    if (truths === this.#truths) return;
    this.#truths = truths;
    let needed = this.#neededBy.get(truths);
    if (needed === undefined) {
      needed = neededFor(this.#thresholds, truths);
      this.#neededBy.set(truths, needed);
    }
    this.#needed = needed;
  }

  /**
   * Follows a curve. The precision before the next true positive is lower than at the last one, so only those matter.
   * @param rows written from `at` on
   * @returns the highest recall
   */
  trace({ states, first, stride, counted, scores, best }: RankedDetections, rows: CurveRows, at: number): number {
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

    const needed = this.#needed;
    const { precision, scores: scoresAt } = rows;
    let r = 0;
    if (best !== undefined) {
      for (; r < needed.length; r++) {
        const found = needed[r]!;
        // The first threshold that is not reached ends the row, whatever comes behind it.
        if (found > right) break;
        precision[at + r] = found > 0 ? after[found - 1]! : right > 0 ? after[0]! : 0;
        scoresAt[at + r] = found > 0 ? scores[detectionAfter[found - 1]!]! : best;
      }
    }
    for (; r < needed.length; r++) {
      precision[at + r] = 0;
      scoresAt[at + r] = 0;
    }
    return right / this.#truths;
  }
}

/** For each recall, the fewest of `truths` objects that reach it; more than there are when it is above 1. */
function neededFor(thresholds: Float64Array, truths: number): Float64Array {
  return Float64Array.from(thresholds, (threshold) => {
    let needed = Math.min(truths + 1, Math.max(0, Math.ceil(threshold * truths)));
    while (needed > 0 && (needed - 1) / truths >= threshold) needed--;
    while (needed / truths < threshold && needed <= truths) needed++;
    return needed;
  });
}
