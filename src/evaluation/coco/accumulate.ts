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
  cells: EvaluationCells, { states, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
): CocoCurves {
  const { iouThresholds, recallThresholds, areaRanges, maxDets, categoryIds, useCats } = parameters;
  const [T, R, A, M] = [iouThresholds.length, recallThresholds.length, areaRanges.length, maxDets.length];
  const K = useCats ? categoryIds.length : 1;
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const precision = new Float64Array(T * R * K * A * M);
  const scoresAt = new Float64Array(T * R * K * A * M);
  // One class's part of the two, [T, R, A, M]: written here in any order, then copied in rows.
  const classPrecision = new Float64Array(T * R * A * M);
  const classScores = new Float64Array(T * R * A * M);
  const curve = new RecallCurve(recallThresholds);
  for (let k = 0; k < K; k++) {
    classPrecision.fill(-1);
    classScores.fill(-1);
    const start = cells.rankingStarts[k]!;
    const end = cells.rankingStarts[k + 1]!;
    const sorted = scoresOf(cells, start, end, scores);
    for (let m = 0; m < M; m++) {
      const counted = withinLimit(cells, start, end, maxDets[m]!);
      for (let a = 0; a < A; a++) {
        const truths = truthCounts[k * A + a]!;
        if (truths === 0) continue;
        curve.setTruths(truths);
        for (let t = 0; t < T; t++) {
          const reached = curve.trace({ states, first: (start * A + a) * T + t, stride: A * T, counted, scores: sorted });
          recall[((t * K + k) * A + a) * M + m] = reached;
          for (let r = 0, at = (t * R * A + a) * M + m; r < R; r++, at += A * M) {
            classPrecision[at] = curve.precision[r]!;
            classScores[at] = curve.scores[r]!;
          }
        }
      }
    }
    copyRows(classPrecision, precision, A * M, k, K);
    copyRows(classScores, scoresAt, A * M, k, K);
  }
  return { shape: [T, R, K, A, M], precision, recall, scores: scoresAt };
}

/** Copies rows of `length` to where class k has them among K classes. */
function copyRows(from: Float64Array, to: Float64Array, length: number, k: number, K: number): void {
  for (let i = 0, at = k * length; i < from.length; i += length, at += K * length) {
    for (let j = 0; j < length; j++) to[at + j] = from[i + j]!;
  }
}

/** Scores of a class's detections, best first. */
function scoresOf({ ranking, detections }: EvaluationCells, start: number, end: number, scores: Float64Array): Float64Array {
  const sorted = new Float64Array(end - start);
  for (let i = start; i < end; i++) sorted[i - start] = scores[detections[ranking[i]!]!]!;
  return sorted;
}

/** Numbers, within a class, of the detections that are among the best `most` of their cell. */
function withinLimit({ ranking, ranks }: EvaluationCells, start: number, end: number, most: number): Uint32Array {
  const counted = new Uint32Array(end - start);
  let count = 0;
  for (let i = start; i < end; i++) if (ranks[ranking[i]!]! < most) counted[count++] = i - start;
  return counted.subarray(0, count);
}
