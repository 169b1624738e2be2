// An evaluation's annotations compared photo by photo, whatever their class: what confusion of classes can be told from.

import { ConfigError } from '../../errors.ts';
import { compareCells } from './cellIous.ts';
import type { CocoEval } from './cocoEval.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { Evaluation } from './detectionStates.ts';
import { groupIntoCells } from './evaluationCells.ts';

export interface PhotoCellsOptions {
  /** Detections per photo, of all classes together. */
  readonly maxDets: number;
  /** A detection matches from here on. */
  readonly iou: number;
  /** What an error calls the analysis. */
  readonly where: string;
}

/**
 * Groups and compares without classes: one cell per photo, one IoU threshold, one area range with all sizes.
 * @throws ConfigError for keypoints, which COCO compares within a class only
 */
export function comparePhotos(evaluation: CocoEval, { maxDets, iou, where }: PhotoCellsOptions): Evaluation {
  const { truth, detections, parameters } = evaluation;
  if (parameters.iouType === 'keypoints') throw new ConfigError(`${where}: expected 'bbox' or 'segm' for iouType, got 'keypoints'`);
  const withoutClasses: CocoParameters = {
    ...parameters,
    useCats: false,
    categoryIds: [...new Set(parameters.categoryIds)],
    maxDets: [maxDets],
    iouThresholds: [iou],
    areaRanges: [[0, Infinity]],
    areaLabels: ['all'],
  };
  const cells = groupIntoCells(truth.annotations, detections.annotations, withoutClasses);
  const ious = compareCells(cells, truth, detections, withoutClasses);
  return { cells, ious, truth: truth.annotations, detected: detections.annotations, parameters: withoutClasses };
}
