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

/** Average precision; -1 where there is nothing to average. That of all classes `CocoCurves.meanPrecision` finds faster. */
export function meanPrecision(curves: CocoCurves, { thresholds, classes, area, limit }: CurvePart): number {
  const [, R, , A, M] = curves.shape;
  const { precision } = curves.ofClasses;
  const C = curves.classes.length;
  const places = placesOf(classes, curves);
  const values: number[] = [];
  for (const t of thresholds) {
    for (let r = 0; r < R; r++) {
      for (const c of places) values.push(precision[(((t * R + r) * C + c) * A + area) * M + limit]!);
    }
  }
  return meanOfFound(values);
}

/** Average recall; -1 where there is nothing to average. */
export function meanRecall(curves: CocoCurves, { thresholds, classes, area, limit }: CurvePart): number {
  const recall = curves.recallOf(area, limit);
  const C = curves.classes.length;
  const places = placesOf(classes, curves);
  return meanOfFound(thresholds.flatMap((t) => places.map((c) => recall[t * C + c]!)));
}

/** Where the curves of classes are; those without objects have none. */
function placesOf(classes: readonly number[], { places }: CocoCurves): number[] {
  return classes.map((k) => places[k]!).filter((place) => place !== -1);
}

/** The mean of what is not -1, or -1. */
export function meanOfFound(values: readonly number[]): number {
  const found = values.filter((value) => value > -1);
  return found.length === 0 ? -1 : pairwiseSum(found) / found.length;
}

/** The places of a value, such as an IoU threshold: none when it is not there. */
export function indicesOf<Value>(values: readonly Value[], wanted: Value): number[] {
  return values.flatMap((value, i) => (value === wanted ? [i] : []));
}

/** 0, 1, … */
export function allIndices(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
