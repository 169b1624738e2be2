// Random problems for TIDE.

import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';
import { randomProblem } from './randomProblem.ts';

export interface TideProblem {
  readonly iouType: 'bbox' | 'segm';
  readonly truth: CocoFile;
  readonly results: CocoAnnotation[];
}

/**
 * tidecv makes a class of any category that occurs, and knows no ids: here the file's categories are all there are, and of
 * annotations with the same id the last one stands for all.
 * @returns undefined for a problem that tidecv cannot be given
 */
export function tideProblem(iouType: 'bbox' | 'segm', seed: number): TideProblem | undefined {
  const { truth, results } = randomProblem('segm', seed);
  const known = new Set(truth.categories?.map(({ id }) => id));
  const isKnown = (annotation: { category_id?: number }) => known.has(annotation.category_id ?? NaN);
  const annotations = (truth.annotations ?? []).filter(isKnown).map((annotation, i) => ({ ...annotation, id: i + 1 }));
  const kept = results.filter(isKnown);
  const fits = annotations.length > 0 && kept.every(({ bbox }) => iouType === 'segm' || bbox);
  return fits ? { iouType, truth: { ...truth, annotations }, results: kept } : undefined;
}
