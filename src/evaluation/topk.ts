// Top-1 and top-5 accuracy, counted batch by batch.

import { DataError, ShapeError } from '../errors.ts';

export interface TopKResult {
  /** Share of samples, in [0, 1], whose label has the greatest logit; 0 when there are no samples. */
  readonly top1: number;
  /** Share of samples, in [0, 1], whose label is among the five greatest logits. */
  readonly top5: number;
  /** Samples seen. */
  readonly count: number;
}

/**
 * Counts hits. Ties: of equal logits the one of the lower class comes first, so constant logits are right for class 0 only. A
 * sample with a NaN among its logits counts as wrong.
 */
export class TopKAccuracy {
  #hits1 = 0;
  #hits5 = 0;
  #count = 0;

  /**
   * Adds a batch.
   * @param logits [labels.length, classes], row by row
   * @param labels classes, [B]
   * @throws ShapeError when the lengths disagree, DataError for a label out of range.
   */
  add(logits: Float32Array, labels: Int32Array, classes: number): void {
    if (logits.length !== labels.length * classes) {
      throw new ShapeError(`TopKAccuracy.add: expected ${labels.length} x ${classes} values for logits, got ${logits.length}`);
    }
    const wrong = labels.findIndex((label) => label < 0 || label >= classes);
    if (wrong >= 0) throw new DataError(`TopKAccuracy.add: expected a class in [0, ${classes}) for labels[${wrong}], got ${labels[wrong]}`);
    labels.forEach((label, sample) => {
      const rank = rankOf(label, logits.subarray(sample * classes, (sample + 1) * classes));
      if (rank < 1) this.#hits1++;
      if (rank < 5) this.#hits5++;
      this.#count++;
    });
  }

  result(): TopKResult {
    const share = (hits: number): number => (this.#count === 0 ? 0 : hits / this.#count);
    return { top1: share(this.#hits1), top5: share(this.#hits5), count: this.#count };
  }
}

/** How many classes come before `label`; infinite when any logit is NaN. */
function rankOf(label: number, logits: Float32Array): number {
  const own = logits[label] ?? NaN;
  let rank = 0;
  for (let other = 0; other < logits.length; other++) {
    const logit = logits[other] ?? NaN;
    if (Number.isNaN(logit)) return Infinity;
    if (logit > own || (logit === own && other < label)) rank++;
  }
  return rank;
}
