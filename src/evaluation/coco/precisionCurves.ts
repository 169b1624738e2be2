// Curves to draw: precision over recall, as COCO reads it off, and precision, recall and F1 over the score from which on
// detections count.

import { ConfigError } from '../../errors.ts';
import { CellMatcher } from './cellMatcher.ts';
import type { CocoEval } from './cocoEval.ts';
import { IGNORED, TRUE_POSITIVE } from './detectionStates.ts';

/** Which detections a curve is of. */
export interface CurveOptions {
  /** A detection is right from this IoU on. Default 0.5. */
  readonly iou?: number;
  /** A label of the evaluation's areaLabels. Default: the first, all sizes. */
  readonly area?: string;
  /** Detections per photo and class. Default: the largest of the evaluation's maxDets. */
  readonly maxDets?: number;
}

/** Precision over recall, of one class. */
export interface RecallCurve {
  /** Undefined without useCats: all classes. */
  readonly categoryId: number | undefined;
  /** [R] where precision is read off. */
  readonly recall: Float64Array;
  /** [R] highest precision at this recall or above; 0 where that recall is not reached. */
  readonly precision: Float64Array;
  /** [R] score at which that recall is reached; 0 where it is not. */
  readonly scores: Float64Array;
}

/** Precision, recall and F1 over the score, of one class. */
export interface ScoreCurve {
  /** Undefined: all classes together. */
  readonly categoryId: number | undefined;
  /** [n] the distinct scores, descending; detections of this score or more count. */
  readonly scores: Float64Array;
  /** [n] */
  readonly precision: Float64Array;
  /** [n] */
  readonly recall: Float64Array;
  /** [n] harmonic mean of precision and recall. */
  readonly f1: Float64Array;
  /** Index of the highest F1, of the highest score among equals; -1 when there are no detections. */
  readonly best: number;
}

/**
 * Precision over recall, one curve per class that has objects. The mean of a curve's precision is that class's AP.
 * @throws ConfigError unless the evaluation has this IoU threshold, area and limit
 */
export function recallCurves(evaluation: CocoEval, { iou = 0.5, area, maxDets }: CurveOptions = {}): RecallCurve[] {
  const { parameters } = evaluation;
  const { iouThresholds, recallThresholds, areaLabels, useCats, categoryIds } = parameters;
  const nearest = iouThresholds.find((threshold) => Math.abs(threshold - iou) < 1e-9) ?? iou; // 0.6 is not quite 0.5 + 2 * 0.05
  const [t, a, m] = [
    indexOf(iouThresholds, nearest, 'recallCurves', 'iou'),
    indexOf(areaLabels, area ?? areaLabels[0]!, 'recallCurves', 'area'),
    indexOf(parameters.maxDets, maxDets ?? parameters.maxDets.at(-1)!, 'recallCurves', 'maxDets'),
  ];
  const curves = evaluation.accumulate();
  const [, R] = curves.shape;
  const C = curves.classes.length;
  const { precision, scores } = curves.slice(a, m);
  const at = (r: number, c: number) => (t * R + r) * C + c;
  return Array.from({ length: C }, (_, c) => c).filter((c) => precision[at(0, c)]! > -1).map((c) => ({
    categoryId: useCats ? categoryIds[curves.classes[c]!]! : undefined,
    recall: Float64Array.from(recallThresholds),
    precision: Float64Array.from({ length: R }, (_, r) => precision[at(r, c)]!),
    scores: Float64Array.from({ length: R }, (_, r) => scores[at(r, c)]!),
  }));
}

/**
 * Precision, recall and F1 over the score, one curve per class that has objects. Any IoU will do.
 * @throws ConfigError unless the evaluation has this area
 */
export function scoreCurves({ evaluation, parameters }: CocoEval, { iou = 0.5, area, maxDets }: CurveOptions = {}): ScoreCurve[] {
  const { areaLabels, areaRanges, useCats, categoryIds } = parameters;
  const range = areaRanges[indexOf(areaLabels, area ?? areaLabels[0]!, 'scoreCurves', 'area')]!;
  const most = maxDets ?? parameters.maxDets.at(-1)!;
  const once = { ...parameters, iouThresholds: [iou], areaRanges: [range] };
  const { states, truthCounts } = new CellMatcher({ ...evaluation, parameters: once }).label();
  const { cells, detected } = evaluation;
  const curves: ScoreCurve[] = [];
  truthCounts.forEach((truths, k) => {
    if (truths === 0) return;
    const points = new Map<number, { right: number; all: number }>();
    let [right, all] = [0, 0];
    for (let i = cells.rankingStarts[k]!; i < cells.rankingStarts[k + 1]!; i++) {
      const place = cells.ranking[i]!;
      if (states[place] === IGNORED || cells.ranks[place]! >= most) continue;
      all++;
      if (states[place] === TRUE_POSITIVE) right++;
      points.set(detected.scores[cells.detections[place]!]!, { right, all });
    }
    const reached = [...points.values()];
    const f1 = Float64Array.from(reached, (point) => (2 * point.right) / (point.all + truths));
    curves.push({
      categoryId: useCats ? categoryIds[k]! : undefined,
      scores: Float64Array.from(points.keys()),
      precision: Float64Array.from(reached, (point) => point.right / point.all),
      recall: Float64Array.from(reached, (point) => point.right / truths),
      f1,
      best: f1.indexOf(f1.reduce((highest, value) => Math.max(highest, value), -Infinity)),
    });
  });
  return curves;
}

function indexOf<Value extends number | string>(values: readonly Value[], wanted: Value, where: string, name: string): number {
  const index = values.indexOf(wanted);
  if (index === -1) throw new ConfigError(`${where}: expected one of ${values.join(', ')} for ${name}, got ${wanted}`);
  return index;
}
