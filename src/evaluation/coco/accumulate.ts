// Precision, recall and scores over all photos, from what became of each detection.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import type { CocoParameters } from './cocoParameters.ts';
import { CurveKernel, type CurveSlice } from './curveKernel.ts';
import type { DetectionStates } from './detectionStates.ts';
import type { EvaluationCells } from './evaluationCells.ts';

type CurveArrays = Readonly<Record<'precision' | 'recall' | 'scores', Float64Array>>;

/**
 * Results for T IoU thresholds, R recall thresholds, K classes (1 without useCats), A area ranges, M limits on detections. The
 * arrays are made when they are first asked for: the twelve numbers take a fraction of them.
 */
export class CocoCurves {
  readonly shape: readonly [T: number, R: number, K: number, A: number, M: number];
  readonly #kernel: CurveKernel;
  /** The slice in the kernel's memory. */
  #current: { readonly area: number; readonly limit: number; readonly slice: CurveSlice } | undefined;
  /** [A * M] of [T, K] */
  readonly #recalls: (Float64Array | undefined)[] = [];
  #arrays: CurveArrays | undefined;

  /** @param scores of the rows that `cells.detections` names */
  constructor(
    cells: EvaluationCells, { states, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
  ) {
    const { iouThresholds, recallThresholds: recalls, areaRanges, maxDets: limits } = parameters;
    const { ranking, ranks, detections, rankingStarts } = cells;
    const [thresholds, areas] = [iouThresholds.length, areaRanges.length];
    this.shape = [thresholds, recalls.length, rankingStarts.length - 1, areas, limits.length];
    const byPlace = new Float64Array(detections.length);
    for (let i = 0; i < detections.length; i++) byPlace[i] = scores[detections[i]!]!;
    const ranked = { rankingStarts, ranking, ranks, states, scores: byPlace, truthCounts };
    this.#kernel = new CurveKernel({ thresholds, recalls, areas, limits }, ranked);
  }

  /** [T, R, K, A, M] highest precision at this recall or above, 0 where that recall is not reached; -1 for no objects. */
  get precision(): Float64Array {
    return this.#all().precision;
  }

  /** [T, K, A, M] highest recall; -1 for no objects. */
  get recall(): Float64Array {
    return this.#all().recall;
  }

  /** [T, R, K, A, M] score of the detection at which the recall is reached, 0 where it is not; -1 for no objects. */
  get scores(): Float64Array {
    return this.#all().scores;
  }

  /** Mean precision of one area range and limit, over IoU thresholds, all by index; -1 where there is nothing to average. */
  meanPrecision(area: number, limit: number, thresholds: readonly number[]): number {
    this.slice(area, limit);
    return this.#kernel.meanPrecision(thresholds);
  }

  /** [T, K] recall of one area range and limit, by index. */
  recallOf(area: number, limit: number): Float64Array {
    const at = area * this.shape[4] + limit;
    return this.#recalls[at] ??= this.#kernel.traceRecall(area, limit).slice();
  }

  /** Precision and scores of one area range and limit, by index. Overwritten when others are asked for. */
  slice(area: number, limit: number): CurveSlice {
    if (this.#current?.area !== area || this.#current.limit !== limit) {
      const slice = this.#kernel.trace(area, limit);
      this.#current = { area, limit, slice };
      this.#recalls[area * this.shape[4] + limit] ??= this.#kernel.recall.slice();
    }
    return this.#current.slice;
  }

  #all(): CurveArrays {
    if (this.#arrays === undefined) {
      const [T, R, K, A, M] = this.shape;
      const precision = new Float64Array(T * R * K * A * M);
      const recall = new Float64Array(T * K * A * M);
      const scores = new Float64Array(T * R * K * A * M);
      for (let a = 0; a < A; a++) {
        for (let m = 0; m < M; m++) {
          const slice = this.slice(a, m);
          interleave(slice.precision, precision, a * M + m, A * M);
          interleave(slice.scores, scores, a * M + m, A * M);
          interleave(this.recallOf(a, m), recall, a * M + m, A * M);
        }
      }
      this.#arrays = { precision, recall, scores };
    }
    return this.#arrays;
  }
}

/** Writes values from a place on, `stride` apart. */
function interleave(values: Float64Array, into: Float64Array, start: number, stride: number): void {
  for (let i = 0, at = start; i < values.length; i++, at += stride) into[at] = values[i]!;
}
