// The matches of one class in one photo, spelled out for analyses.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg's result.

import { CellMatcher, orderIgnoredLast } from './cellMatcher.ts';
import { CellView, IGNORED, type Evaluation } from './detectionStates.ts';

export interface CellMatches {
  /** [D] best first */
  readonly detectionIds: Float64Array;
  /** [D] */
  readonly scores: Float64Array;
  /** [G] those to be ignored last */
  readonly truthIds: Float64Array;
  /** [G] 1 where ignored */
  readonly truthIgnored: Uint8Array;
  /** [T * D] id of the object that a detection takes, or 0 */
  readonly detectionMatches: Float64Array;
  /** [T * D] 1 where ignored */
  readonly detectionIgnored: Uint8Array;
  /** [T * G] id of the detection that takes an object, or 0 */
  readonly truthMatches: Float64Array;
  /** [D * G] as compared; empty where nothing was */
  readonly ious: Float64Array;
}

/** Rows of the tables that took part in a cell, and which of them match. */
export function cellMatches(evaluation: Evaluation, cell: number, area: number): CellMatches {
  const { cells, truth, detected, parameters } = evaluation;
  const view = new CellView(evaluation);
  view.open(cell);
  const [D, G, T] = [view.detections, view.truths, parameters.iouThresholds.length];
  const ignored = view.ignored[area]!;
  const order = new Int32Array(G);
  orderIgnoredLast(order, ignored, G);
  const matches = new CellMatcher(parameters.iouThresholds).match(view, ignored).subarray(0, T * D);
  const truthIdOf = (g: number): number => truth.ids[cells.truths[view.firstTruth + g]!]!;
  const detectionIds = Float64Array.from({ length: D }, (_, d) => detected.ids[cells.detections[view.firstDetection + d]!]!);
  const placeOf = new Int32Array(G);
  order.forEach((g, i) => {
    placeOf[g] = i;
  });
  const detectionMatches = new Float64Array(T * D);
  const detectionIgnored = new Uint8Array(T * D);
  const truthMatches = new Float64Array(T * G);
  matches.forEach((g, i) => {
    const [t, d] = [Math.floor(i / D), i % D];
    detectionIgnored[i] = view.state(area, d, g) === IGNORED ? 1 : 0;
    if (g === -1) return;
    detectionMatches[i] = truthIdOf(g);
    truthMatches[t * G + placeOf[g]!] = detectionIds[d]!;
  });
  return {
    detectionIds,
    scores: Float64Array.from({ length: D }, (_, d) => detected.scores[cells.detections[view.firstDetection + d]!]!),
    truthIds: Float64Array.from(order, truthIdOf),
    truthIgnored: Uint8Array.from(order, (g) => ignored[g]!),
    detectionMatches,
    detectionIgnored,
    truthMatches,
    ious: Float64Array.from({ length: view.compared ? D * G : 0 }, (_, i) =>
      view.ious[view.iouStart + i - (i % G) + order[i % G]!]!),
  };
}
