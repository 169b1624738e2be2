// Means over parts of the curves, as the twelve numbers take them.
// Source: pycocotools 2.0.11, COCOeval.summarize: what is -1 is left out; numpy's order of additions.

import type { CocoCurves } from './accumulate.ts';
import { pairwiseSum } from './pairwiseSum.ts';

/** Indices into the curves' axes. */
export interface CurvePart {
  readonly thresholds: readonly number[];
  readonly classes: readonly number[];
  readonly area: number;
  readonly limit: number;
}

/** Average precision; -1 where there is nothing to average. */
export function meanPrecision({ precision, shape }: CocoCurves, { thresholds, classes, area, limit }: CurvePart): number {
  const [, R, K, A, M] = shape;
  const found: number[] = [];
  for (const t of thresholds) {
    for (let r = 0; r < R; r++) {
      for (const k of classes) {
        const value = precision[(((t * R + r) * K + k) * A + area) * M + limit]!;
        if (value > -1) found.push(value);
      }
    }
  }
  return found.length === 0 ? -1 : pairwiseSum(found) / found.length;
}

/** Average recall; -1 where there is nothing to average. */
export function meanRecall({ recall, shape }: CocoCurves, { thresholds, classes, area, limit }: CurvePart): number {
  const [, , K, A, M] = shape;
  const values = thresholds.flatMap((t) => classes.map((k) => recall[((t * K + k) * A + area) * M + limit]!));
  const found = values.filter((value) => value > -1);
  return found.length === 0 ? -1 : pairwiseSum(found) / found.length;
}

/** The indices of an IoU threshold: none when it is not among them. */
export function thresholdsAt(iouThresholds: readonly number[], iou: number): number[] {
  return iouThresholds.flatMap((threshold, t) => (threshold === iou ? [t] : []));
}
