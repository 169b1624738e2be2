// Average precision by the size of objects: one row per area range of the evaluation. For finer sizes, evaluate with other
// area ranges.

import type { CocoEval } from './cocoEval.ts';
import { allIndices, indicesOf, meanRecall } from './curveMeans.ts';

/** -1 where there is nothing to average. */
export interface AreaRow {
  /** Of the range: `all`, `small`, … */
  readonly label: string;
  /** px², both inclusive. */
  readonly range: readonly [smallest: number, largest: number];
  /** Objects of this size, crowds left out. */
  readonly objects: number;
  /** Over all IoU thresholds and classes. */
  readonly ap: number;
  /** At IoU 0.5. */
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
  const [thresholds, classes, limit] = [allIndices(iouThresholds.length), allIndices(K), M - 1];
  return areaRanges.map(([smallest, largest], area) => {
    const isInside = (row: number) => truth.areas[row]! >= smallest && truth.areas[row]! <= largest;
    return {
      label: areaLabels[area]!,
      range: [smallest, largest],
      objects: truths.filter((row) => truth.isCrowd[row] !== 1 && isInside(row)).length,
      ap: curves.meanPrecision(area, limit, thresholds),
      ap50: curves.meanPrecision(area, limit, indicesOf(iouThresholds, 0.5)),
      ar: meanRecall(curves, { thresholds, classes, area, limit }),
    };
  });
}
