// What becomes of every detection, at every IoU threshold and for every area range: right, wrong, or ignored.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import type { CellIous } from './cellIous.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { EvaluationCells } from './cellKernel.ts';

// A detection that matches no object is 0.
/** A detection that matches an object. */
export const TRUE_POSITIVE = 1;
/** A detection that matches an object to be ignored, or none and is itself outside the area range. */
export const IGNORED = 2;

export interface DetectionStates {
  /** [detections, A, T], by place in `cells.detections`. */
  readonly states: Uint8Array;
  /** [K, A] objects that are not ignored. */
  readonly truthCounts: Uint32Array;
}

/** All that matching needs. */
export interface Evaluation {
  readonly cells: EvaluationCells;
  readonly ious: CellIous;
  readonly truth: AnnotationTable;
  readonly detected: AnnotationTable;
  readonly parameters: CocoParameters;
}
