// The WebAssembly that follows precision-recall curves: assembly/curveKernel.ts compiled.

import { loadKernel, type KernelGlobal } from '../../data/kernelLoader.ts';
import { CURVE_KERNEL } from './curveKernelCode.ts';
import { inMemory, KernelColumns, type KernelExports } from './kernelMemory.ts';

/** Columns in the kernel's memory. */
type Column =
  'recalls' | 'limits' | 'truthCounts' | 'rankingStarts' | 'ranking' | 'states' | 'ranks' | 'scores' |
  'precision' | 'scoresAt' | 'recall';

interface Exports extends KernelExports<Column> {
  begin(
    thresholds: number, recalls: number, classes: number, areas: number, limits: number, detections: number, most: number,
  ): void;
  prepare(k: number): void;
  list(k: number, limit: number): void;
  trace(t: number, k: number, area: number): void;
  traceRecall(t: number, k: number, area: number): number;
  readonly foundCount: KernelGlobal;
  gather(t: number, isFirst: boolean): void;
  sum(): number;
}

export interface CurveOptions {
  /** Number of IoU thresholds, T. */
  readonly thresholds: number;
  /** [R] */
  readonly recalls: readonly number[];
  /** Number of area ranges, A. */
  readonly areas: number;
  /** [M] detections per photo and class */
  readonly limits: readonly number[];
}

/** Detections by class: a class's follow each other in all columns, from `rankingStarts[k]` on. */
export interface RankedDetections {
  /** [K + 1] */
  readonly rankingStarts: Uint32Array;
  /** [up to n] numbers of the detections, a class's best first */
  readonly ranking: Uint32Array;
  /** [n, A, T] */
  readonly states: Uint8Array;
  /** [n] place in its cell, from 0 on */
  readonly ranks: Uint32Array;
  /** [n] */
  readonly scores: Float64Array;
  /** [K, A] objects that are not ignored */
  readonly truthCounts: Uint32Array;
}

/** Results for one area range and one limit, in the kernel's memory: the next ones overwrite them. */
export interface CurveSlice {
  /** [T, R, K] */
  readonly precision: Float64Array;
  /** [T, R, K] */
  readonly scores: Float64Array;
}

/** Follows the curves of an evaluation, for one area range and limit at a time. */
export class CurveKernel {
  readonly #code = loadKernel(CURVE_KERNEL) as Exports;
  readonly #thresholds: number;
  readonly #classes: number;
  readonly #slice: CurveSlice;
  /** [T, K] of what was traced last, in the kernel's memory. */
  readonly recall: Float64Array;
  /** Index of the limit for which detections are listed. */
  #limit = -1;

  /** @throws DataError when there are too many detections for WebAssembly's memory */
  constructor({ thresholds: T, recalls, areas, limits }: CurveOptions, detections: RankedDetections) {
    const { rankingStarts, ranking, states, ranks, scores, truthCounts } = detections;
    const [n, R, K] = [Math.max(ranking.length, ranks.length), recalls.length, rankingStarts.length - 1];
    const most = rankingStarts.reduce((largest, end, k) => Math.max(largest, end - (rankingStarts[k - 1] ?? 0)), 0);
    const code = this.#code;
    inMemory(n, () => { code.begin(T, R, K, areas, limits.length, n, most); }, K);
    const columns = new KernelColumns<Column>(code);
    columns.doubles('recalls', R).set(recalls);
    columns.doubles('limits', limits.length).set(limits);
    columns.doubles('scores', n).set(scores);
    columns.integers('truthCounts', truthCounts.length).set(truthCounts);
    columns.integers('rankingStarts', K + 1).set(rankingStarts);
    columns.integers('ranking', ranking.length).set(ranking);
    columns.integers('ranks', n).set(ranks);
    columns.bytes('states', states.length).set(states);
    for (let k = 0; k < K; k++) code.prepare(k);
    this.#thresholds = T;
    this.#classes = K;
    this.#slice = {
      precision: columns.doubles('precision', T * R * K),
      scores: columns.doubles('scoresAt', T * R * K),
    };
    this.recall = columns.doubles('recall', T * K);
  }

  /** @param area index of the range @param limit index of the limit */
  trace(area: number, limit: number): CurveSlice {
    this.#forEach(limit, (t, k) => { this.#code.trace(t, k, area); });
    return this.#slice;
  }

  /** Finds the recalls alone. */
  traceRecall(area: number, limit: number): Float64Array {
    this.#forEach(limit, (t, k) => { this.#code.traceRecall(t, k, area); });
    return this.recall;
  }

  /** Mean precision of the slice traced last at these thresholds; -1 where there is nothing to average. */
  meanPrecision(thresholds: readonly number[]): number {
    const { foundCount } = this.#code;
    thresholds.forEach((t, i) => { this.#code.gather(t, i === 0); });
    return thresholds.length === 0 || foundCount.value === 0 ? -1 : this.#code.sum() / foundCount.value;
  }

  /** In many calls: what JavaScript calls often is compiled better than what runs on and on. */
  #forEach(limit: number, run: (t: number, k: number) => void): void {
    if (this.#limit !== limit) for (let k = 0; k < this.#classes; k++) this.#code.list(k, limit);
    this.#limit = limit;
    for (let t = 0; t < this.#thresholds; t++) for (let k = 0; k < this.#classes; k++) run(t, k);
  }
}
