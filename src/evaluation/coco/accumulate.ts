// Precision, recall and scores over all photos, from what became of each detection.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import type { CocoParameters } from './cocoParameters.ts';
import { CurveKernel, type CurveSlice } from './curveKernel.ts';
import type { DetectionStates } from './detectionStates.ts';
import type { EvaluationCells } from './cellKernel.ts';

type CurveArrays = Readonly<Record<'precision' | 'recall' | 'scores', Float64Array>>;

/**
 * Results for T IoU thresholds, R recall thresholds, K classes (1 without useCats), A area ranges, M limits on detections. The
 * arrays are made when they are first asked for: the twelve numbers take a fraction of them. Inside, there are curves only for
 * the C classes that have objects: a file may list far more categories than it uses.
 */
export class CocoCurves {
  /** Sizes of the arrays. */
  readonly shape: readonly [T: number, R: number, K: number, A: number, M: number];
  /** [C] classes that have objects, ascending; all others have -1 everywhere. */
  readonly classes: Uint32Array;
  /** [K] the place of a class among those, or -1. */
  readonly places: Int32Array;
  readonly #kernel: CurveKernel;
  /** The slice in the kernel's memory. */
  #current: { readonly area: number; readonly limit: number; readonly slice: CurveSlice } | undefined;
  /** [A * M] of [T, K] */
  readonly #recalls: (Float64Array | undefined)[] = [];
  #arrays: CurveArrays | undefined;
  #arraysOfClasses: CurveArrays | undefined;

  /** @param scores of the rows that `cells.detections` names */
  constructor(
    cells: EvaluationCells, { states, truthCounts }: DetectionStates, scores: Float64Array, parameters: CocoParameters,
  ) {
    const { iouThresholds, recallThresholds: recalls, areaRanges, maxDets: limits } = parameters;
    const { ranks, detections } = cells;
    const [thresholds, areas] = [iouThresholds.length, areaRanges.length];
    const classCount = cells.rankingStarts.length - 1;
    this.shape = [thresholds, recalls.length, classCount, areas, limits.length];
    const hasObjects = (k: number) => truthCounts.subarray(k * areas, (k + 1) * areas).some((count) => count > 0);
    this.classes = Uint32Array.from([...Array(classCount).keys()].filter(hasObjects));
    this.places = new Int32Array(classCount).fill(-1);
    this.classes.forEach((k, c) => { this.places[k] = c; });
    const { rankingStarts, ranking } = rankingOf(this.classes, cells);
    const counts = new Uint32Array(this.classes.length * areas);
    this.classes.forEach((k, c) => { counts.set(truthCounts.subarray(k * areas, (k + 1) * areas), c * areas); });
    const byPlace = new Float64Array(detections.length);
    for (let i = 0; i < detections.length; i++) byPlace[i] = scores[detections[i]!]!;
    const ranked = { rankingStarts, ranking, ranks, states, scores: byPlace, truthCounts: counts };
    this.#kernel = new CurveKernel({ thresholds, recalls, areas, limits }, ranked);
  }

  /**
   * The same for the classes that have objects alone: [T, R, C, A, M] or [T, C, A, M].
   * @internal
   */
  get ofClasses(): CurveArrays {
    const [T, R, , A, M] = this.shape;
    if (this.#arraysOfClasses === undefined) {
      const C = this.classes.length;
      const [precision, recall, scores] = [T * R, T, T * R].map((rows) => new Float64Array(rows * C * A * M)) as
        [Float64Array, Float64Array, Float64Array];
      for (let a = 0; a < A; a++) {
        for (let m = 0; m < M; m++) {
          const slice = this.slice(a, m);
          interleave(slice.precision, precision, a * M + m, A * M);
          interleave(slice.scores, scores, a * M + m, A * M);
          interleave(this.recallOf(a, m), recall, a * M + m, A * M);
        }
      }
      this.#arraysOfClasses = { precision, recall, scores };
    }
    return this.#arraysOfClasses;
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

  /** [T, C] recall of one area range and limit, by index. */
  recallOf(area: number, limit: number): Float64Array {
    const at = area * this.shape[4] + limit;
    return this.#recalls[at] ??= this.#kernel.traceRecall(area, limit).slice();
  }

  /**
   * Precision and scores, [T, R, C], of one area range and limit, by index. Overwritten when others are asked for.
   * @internal
   */
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
      const { precision, recall, scores } = this.ofClasses;
      const [T, R] = this.shape;
      this.#arrays = {
        precision: this.#withAllClasses(precision, T * R),
        recall: this.#withAllClasses(recall, T),
        scores: this.#withAllClasses(scores, T * R),
      };
    }
    return this.#arrays;
  }

  /** [rows, C, A, M] as [rows, K, A, M]: -1 for the classes without objects. */
  #withAllClasses(values: Float64Array, rows: number): Float64Array {
    const [, , K, A, M] = this.shape;
    const C = this.classes.length;
    if (C === K) return values;
    const all = new Float64Array(rows * K * A * M).fill(-1);
    for (let row = 0; row < rows; row++) {
      this.classes.forEach((k, c) => {
        const from = (row * C + c) * A * M;
        all.set(values.subarray(from, from + A * M), (row * K + k) * A * M);
      });
    }
    return all;
  }
}

/** The detections of some classes: `ranking` and where each class's begin, as in EvaluationCells. */
function rankingOf(classes: Uint32Array, { rankingStarts, ranking }: EvaluationCells): Pick<EvaluationCells, 'rankingStarts' | 'ranking'> {
  if (classes.length === rankingStarts.length - 1) return { rankingStarts, ranking };
  const starts = new Uint32Array(classes.length + 1);
  classes.forEach((k, c) => { starts[c + 1] = starts[c]! + rankingStarts[k + 1]! - rankingStarts[k]!; });
  const kept = new Uint32Array(starts[classes.length]!);
  classes.forEach((k, c) => { kept.set(ranking.subarray(rankingStarts[k], rankingStarts[k + 1]), starts[c]); });
  return { rankingStarts: starts, ranking: kept };
}

/** Writes values from a place on, `stride` apart. */
function interleave(values: Float64Array, into: Float64Array, start: number, stride: number): void {
  for (let i = 0, at = start; i < values.length; i++, at += stride) into[at] = values[i]!;
}
