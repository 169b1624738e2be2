// The matches of one class in one photo, spelled out for analyses.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg's result.

import type { CellMatcher } from './cellMatcher.ts';
import { IGNORED, type Evaluation } from './detectionStates.ts';

/** D detections and G objects of one class in one photo, at T IoU thresholds. */
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

/**
 * Who matched whom in a cell.
 * @param matcher of the evaluation
 * @param area index of the range
 */
export function cellMatches(evaluation: Evaluation, matcher: CellMatcher, cell: number, area: number): CellMatches {
  const { cells, ious, truth, detected, parameters } = evaluation;
  const truthRows = cells.truths.subarray(cells.truthStarts[cell], cells.truthStarts[cell + 1]);
  const rows = cells.detections.subarray(cells.detectionStarts[cell], cells.detectionStarts[cell + 1]);
  const [D, G, T] = [rows.length, truthRows.length, parameters.iouThresholds.length];
  const { matches, ignored, state } = matcher.match(cell, area);
  const order = Int32Array.from({ length: G }, (_, g) => g).sort((a, b) => ignored[a]! - ignored[b]! || a - b);
  const truthIdOf = (g: number): number => truth.ids[truthRows[g]!]!;
  const detectionIds = Float64Array.from(rows, (row) => detected.ids[row]!);
  const placeOf = new Int32Array(G);
  order.forEach((g, i) => {
    placeOf[g] = i;
  });
  const detectionMatches = new Float64Array(T * D);
  const detectionIgnored = new Uint8Array(T * D);
  const truthMatches = new Float64Array(T * G);
  matches.forEach((g, i) => {
    const [t, d] = [Math.floor(i / D), i % D];
    detectionIgnored[i] = state(d, t) === IGNORED ? 1 : 0;
    if (g === -1) return;
    detectionMatches[i] = truthIdOf(g);
    truthMatches[t * G + placeOf[g]!] = detectionIds[d]!;
  });
  const start = ious.starts[cell]!;
  return {
    detectionIds,
    scores: Float64Array.from(rows, (row) => detected.scores[row]!),
    truthIds: Float64Array.from(order, truthIdOf),
    truthIgnored: Uint8Array.from(order, (g) => ignored[g]!),
    detectionMatches,
    detectionIgnored,
    truthMatches,
    ious: ious.values.slice(start, ious.starts[cell + 1]).map((_, i, values) => values[i - (i % G) + order[i % G]!]!),
  };
}
