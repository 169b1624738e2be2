// Precision, recall and scores over all photos, from what became of each detection.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import type { CocoParameters } from './cocoParameters.ts';
import { CurveKernel } from './curveKernel.ts';
import type { DetectionStates } from './detectionStates.ts';
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
  cells: EvaluationCells, { states, relevant, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
): CocoCurves {
  const { iouThresholds, recallThresholds, areaRanges, maxDets, categoryIds, useCats } = parameters;
  const [T, R, A, M] = [iouThresholds.length, recallThresholds.length, areaRanges.length, maxDets.length];
  const K = useCats ? categoryIds.length : 1;
  const { ranking, ranks, detections, rankingStarts } = cells;
  const most = rankingStarts.reduce((largest, end, k) => Math.max(largest, end - (rankingStarts[k - 1] ?? 0)), 0);
  const kernel =
    new CurveKernel({ thresholds: T, recalls: recallThresholds, classes: K, areas: A, limits: maxDets, detections: most });
  for (let k = 0; k < K; k++) {
    const start = rankingStarts[k]!;
    const end = rankingStarts[k + 1]!;
    const ownScores = new Float64Array(end - start);
    const ownRanks = new Uint32Array(end - start);
    for (let i = start; i < end; i++) {
      const place = ranking[i]!;
      ownScores[i - start] = scores[detections[place]!]!;
      ownRanks[i - start] = ranks[place]!;
    }
    kernel.trace(k, {
      states: states.subarray(start * A * T, end * A * T),
      relevant: relevant.subarray(start * A, end * A),
      ranks: ownRanks,
      scores: ownScores,
      truthCounts: truthCounts.subarray(k * A, (k + 1) * A),
    });
  }
  const count = T * R * K * A * M;
  const recall = kernel.recall(T * K * A * M);
  return { shape: [T, R, K, A, M], precision: kernel.precision(count), recall, scores: kernel.scores(count) };
}
