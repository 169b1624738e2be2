// Precision, recall and scores over all photos, from what became of each detection.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import type { CocoParameters } from './cocoParameters.ts';
import type { DetectionStates } from './detectionStates.ts';
import type { EvaluationCells } from './evaluationCells.ts';
import { RecallCurve } from './recallCurve.ts';

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
  cells: EvaluationCells, { states, relevant, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
): CocoCurves {
  const { iouThresholds, recallThresholds, areaRanges, maxDets, categoryIds, useCats } = parameters;
  const [T, R, A, M] = [iouThresholds.length, recallThresholds.length, areaRanges.length, maxDets.length];
  const K = useCats ? categoryIds.length : 1;
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const precision = new Float64Array(T * R * K * A * M);
  const scoresAt = new Float64Array(T * R * K * A * M);
  const classes = Array.from({ length: K }, (_, k) => new ClassRanking({ cells, k, scores, maxDets, relevant, areas: A }));
  const curve = new RecallCurve(recallThresholds);
  const rows = { precision: new Float64Array(A * M * R), scores: new Float64Array(A * M * R) };
  // Classes inside of thresholds: what is written then lies together.
  for (let t = 0; t < T; t++) {
    for (let k = 0; k < K; k++) {
      const ranking = classes[k]!;
      const stride = A * T;
      for (let a = 0; a < A; a++) {
        const truths = truthCounts[k * A + a]!;
        if (truths === 0) {
          rows.precision.fill(-1, a * M * R, (a + 1) * M * R);
          rows.scores.fill(-1, a * M * R, (a + 1) * M * R);
          continue;
        }
        curve.setTruths(truths);
        const first = (cells.rankingStarts[k]! * A + a) * T + t;
        for (let m = 0; m < M; m++) {
          const row = (a * M + m) * R;
          const at = ((t * K + k) * A + a) * M + m;
          if (m > 0 && ranking.isSameLimit(m)) {
            recall[at] = recall[at - 1]!;
            rows.precision.copyWithin(row, row - R, row);
            rows.scores.copyWithin(row, row - R, row);
          } else {
            const { scores: sorted } = ranking;
            const detections = { states, first, stride, counted: ranking.counted(m, a), scores: sorted, best: ranking.best(m) };
            recall[at] = curve.trace(detections, rows, row);
          }
        }
      }
      turn(rows.precision, precision, R, A * M, (t * R * K + k) * A * M, K * A * M);
      turn(rows.scores, scoresAt, R, A * M, (t * R * K + k) * A * M, K * A * M);
    }
  }
  return { shape: [T, R, K, A, M], precision, recall, scores: scoresAt };
}

/** Writes [columns, rows] as [rows, columns], each row `stride` after the other, from `start` on. */
function turn(from: Float64Array, to: Float64Array, rows: number, columns: number, start: number, stride: number): void {
  for (let row = 0, at = start; row < rows; row++, at += stride) {
    for (let column = 0, i = row; column < columns; column++, i += rows) to[at + column] = from[i]!;
  }
}

interface ClassRankingOptions {
  readonly cells: EvaluationCells;
  readonly k: number;
  readonly scores: Float64Array;
  readonly maxDets: readonly number[];
  readonly relevant: Uint8Array;
  readonly areas: number;
}

/** A class's detections, best first, by number. */
class ClassRanking {
  readonly scores: Float64Array;
  /** [M] those among the best of their cell */
  readonly #limited: Uint32Array[];
  /** [M, A] those of them that are not always ignored */
  readonly #counted: Uint32Array[];
  readonly #areas: number;

  constructor({ cells, k, scores, maxDets, relevant, areas }: ClassRankingOptions) {
    const { ranking, ranks, detections, rankingStarts } = cells;
    const start = rankingStarts[k]!;
    const count = rankingStarts[k + 1]! - start;
    this.#areas = areas;
    this.scores = new Float64Array(count);
    const own = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const place = ranking[start + i]!;
      this.scores[i] = scores[detections[place]!]!;
      own[i] = ranks[place]!;
    }
    const all = new Uint32Array(count);
    for (let i = 0; i < count; i++) all[i] = i;
    this.#limited = maxDets.map((most) => chosen(all, own, 1, 0, 0, most));
    this.#counted = this.#limited.flatMap((list, m) => Array.from({ length: areas }, (_, a) =>
      (m > 0 && this.isSameLimit(m) ? list : chosen(list, relevant, areas, start * areas + a, 1, 2))));
  }

  /** Whether limit m lets in nobody that limit m - 1 keeps out. */
  isSameLimit(m: number): boolean {
    return this.#limited[m]!.length === this.#limited[m - 1]!.length;
  }

  counted(m: number, area: number): Uint32Array {
    return this.#counted[m * this.#areas + area]!;
  }

  /** The highest score, undefined without detections. */
  best(m: number): number | undefined {
    const first = this.#limited[m]![0];
    return first === undefined ? undefined : this.scores[first];
  }
}

/** The numbers whose value, values[first + number * stride], is at least `low` and below `high`. */
function chosen(
  numbers: Uint32Array, values: Uint8Array | Uint32Array, stride: number, first: number, low: number, high: number,
): Uint32Array {
  const list = new Uint32Array(numbers.length);
  let count = 0;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const value = values[first + number * stride]!;
    if (value >= low && value < high) list[count++] = number;
  }
  return list.slice(0, count);
}
