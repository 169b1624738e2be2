// Average precision and recall of each class.

import type { CocoEval } from './cocoEval.ts';
import { allIndices, indicesOf, meanPrecision, meanRecall, type CurvePart } from './curveMeans.ts';

/** -1 where there is nothing to average, as in the twelve numbers: no object of that class and size. */
export interface ClassRow {
  /** Undefined without useCats: one row, for all classes. */
  readonly categoryId: number | undefined;
  /** Of the class; `all` without useCats. */
  readonly name: string;
  /** Objects in the photos of the evaluation, crowds left out. */
  readonly objects: number;
  /** Detections that were looked at: per photo at most the largest of maxDets. */
  readonly detections: number;
  /** Over all IoU thresholds. */
  readonly ap: number;
  /** At IoU 0.5. */
  readonly ap50: number;
  /** At IoU 0.75. */
  readonly ap75: number;
  /** By size, over all IoU thresholds: one per area label but the first, such as small, medium, large. */
  readonly apBySize: Readonly<Record<string, number>>;
  /** Average recall over all IoU thresholds. */
  readonly ar: number;
}

/** One row per class, in the order of categoryIds, at the largest of maxDets. */
export function classTable(evaluation: CocoEval): ClassRow[] {
  const { iouThresholds, areaLabels, categoryIds, useCats } = evaluation.parameters;
  const curves = evaluation.accumulate();
  const { cells } = evaluation.evaluation;
  const [, , K, , M] = curves.shape;
  const objects = countObjects(evaluation, K);
  const names = new Map(evaluation.truth.categories.map(({ id, name }) => [id, name]));
  return Array.from({ length: K }, (_, k): ClassRow => {
    const whole: CurvePart = { thresholds: allIndices(iouThresholds.length), classes: [k], area: 0, limit: M - 1 };
    const at = (iou: number) => meanPrecision(curves, { ...whole, thresholds: indicesOf(iouThresholds, iou) });
    const ofSize = (area: number) => meanPrecision(curves, { ...whole, area });
    const categoryId = useCats ? categoryIds[k]! : undefined;
    return {
      categoryId,
      name: categoryId === undefined ? 'all' : names.get(categoryId) ?? `${categoryId}`,
      objects: objects[k]!,
      detections: cells.rankingStarts[k + 1]! - cells.rankingStarts[k]!,
      ap: meanPrecision(curves, whole),
      ap50: at(0.5),
      ap75: at(0.75),
      apBySize: Object.fromEntries(areaLabels.slice(1).map((label, i) => [label, ofSize(i + 1)])),
      ar: meanRecall(curves, whole),
    };
  });
}

function countObjects({ evaluation: { cells, truth } }: CocoEval, classes: number): Uint32Array {
  const objects = new Uint32Array(classes);
  for (let cell = 0; cell < cells.count; cell++) {
    for (let g = cells.truthStarts[cell]!; g < cells.truthStarts[cell + 1]!; g++) {
      if (truth.isCrowd[cells.truths[g]!] !== 1) objects[cells.categories[cell]!]! += 1;
    }
  }
  return objects;
}
