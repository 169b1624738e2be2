// Average precision by the size of objects: one row per area range of the evaluation. For finer sizes, evaluate with other
// area ranges.

import type { CocoEval } from './cocoEval.ts';
import { meanPrecision, meanRecall, thresholdsAt, type CurvePart } from './curveMeans.ts';

/** -1 where there is nothing to average. */
export interface AreaRow {
  readonly label: string;
  /** px², both inclusive. */
  readonly range: readonly [smallest: number, largest: number];
  /** Objects of this size, crowds left out. */
  readonly objects: number;
  /** Over all IoU thresholds and classes. */
  readonly ap: number;
  readonly ap50: number;
  /** Average recall over all IoU thresholds and classes. */
  readonly ar: number;
}

/** One row per area range, at the largest of maxDets. */
export function areaTable(evaluation: CocoEval): AreaRow[] {
  const { iouThresholds, areaRanges, areaLabels } = evaluation.parameters;
  const curves = evaluation.accumulate();
  const { cells: { truths }, truth } = evaluation.evaluation;
  const [, , K, , M] = curves.shape;
  const classes = Array.from({ length: K }, (_, k) => k);
  return areaRanges.map(([smallest, largest], area) => {
    const part: CurvePart = { thresholds: iouThresholds.map((_, t) => t), classes, area, limit: M - 1 };
    const isInside = (row: number) => truth.areas[row]! >= smallest && truth.areas[row]! <= largest;
    return {
      label: areaLabels[area]!,
      range: [smallest, largest],
      objects: truths.filter((row) => truth.isCrowd[row] !== 1 && isInside(row)).length,
      ap: meanPrecision(curves, part),
      ap50: meanPrecision(curves, { ...part, thresholds: thresholdsAt(iouThresholds, 0.5) }),
      ar: meanRecall(curves, part),
    };
  });
}
