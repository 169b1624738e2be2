// Which detection of a cell takes which object. Detections choose in the order of their scores, each the object it covers
// best among those that are left; an object to be ignored only if there is no other.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg.

/** A cell, ready to be matched. Objects are in the file's order, detections by score. */
export interface MatchableCell {
  readonly truths: number;
  readonly detections: number;
  /** Values of all cells, this cell's from `iouStart` on: [detections * truths]. */
  readonly ious: Float64Array;
  readonly iouStart: number;
  /** Whether there are values; pycocotools matches nothing where it compared nothing. */
  readonly compared: boolean;
  /** [truths] a crowd may be taken many times. */
  readonly isCrowd: Uint8Array;
  /** [detections] whether a taken object counts as taken: pycocotools tells by the detection's id being above 0. */
  readonly takes: Uint8Array;
}

/** Buffers for matching one cell after another. */
export class CellMatcher {
  readonly #thresholds: Float64Array;
  #order = new Int32Array(64);
  #taken = new Uint8Array(64);
  #best = new Float64Array(64);
  #matches = new Int32Array(640);

  /** @param thresholds [T] */
  constructor(thresholds: readonly number[]) {
    this.#thresholds = Float64Array.from(thresholds, (threshold) => Math.min(threshold, 1 - 1e-10));
  }

  /**
   * Matches a cell at each threshold.
   * @param ignored [truths] whether an object is to be ignored
   * @returns [T * detections] at the front of it, the object that each detection takes, or -1; the next call overwrites it
   */
  match(cell: MatchableCell, ignored: Uint8Array): Int32Array {
    const { truths, detections, ious, iouStart, compared, isCrowd, takes } = cell;
    const thresholds = this.#thresholds;
    this.#reserve(truths, detections);
    const order = this.#order;
    const taken = this.#taken;
    const best = this.#best;
    const matches = this.#matches;
    matches.fill(-1, 0, thresholds.length * detections);
    if (!compared) return matches;
    const regular = orderIgnoredLast(order, ignored, truths);
    for (let d = 0; d < detections; d++) {
      let highest = -Infinity;
      for (let g = 0, at = iouStart + d * truths; g < truths; g++, at++) highest = Math.max(highest, ious[at]!);
      best[d] = highest;
    }
    for (let t = 0; t < thresholds.length; t++) {
      const threshold = thresholds[t]!;
      for (let g = 0; g < truths; g++) taken[g] = 0;
      for (let d = 0; d < detections; d++) {
        if (best[d]! < threshold) continue;
        const row = iouStart + d * truths;
        let iou = threshold;
        let match = -1;
        for (let i = 0; i < truths; i++) {
          // An object that counts is not given up for one to be ignored.
          if (i === regular && match !== -1) break;
          const g = order[i]!;
          if (taken[g] === 1 && isCrowd[g] === 0) continue;
          const value = ious[row + g]!;
          if (value < iou) continue;
          iou = value;
          match = g;
        }
        if (match === -1) continue;
        matches[t * detections + d] = match;
        if (takes[d] === 1) taken[match] = 1;
      }
    }
    return matches;
  }

  #reserve(truths: number, detections: number): void {
    if (truths > this.#order.length) {
      this.#order = new Int32Array(2 * truths);
      this.#taken = new Uint8Array(2 * truths);
    }
    if (detections > this.#best.length) this.#best = new Float64Array(2 * detections);
    const size = this.#thresholds.length * detections;
    if (size > this.#matches.length) this.#matches = new Int32Array(2 * size);
  }
}

/** Fills `order` with 0 … count-1, the ignored ones last. @returns how many are not ignored */
export function orderIgnoredLast(order: Int32Array, ignored: Uint8Array, count: number): number {
  let next = 0;
  for (let g = 0; g < count; g++) if (ignored[g] === 0) order[next++] = g;
  const regular = next;
  for (let g = 0; g < count; g++) if (ignored[g] !== 0) order[next++] = g;
  return regular;
}
