// Every detection of a cell against every object in it.
// Source: pycocotools 2.0.11, COCOeval.computeIoU and computeOks.

import type { CocoDataset } from '../../data/coco/cocoDataset.ts';
import { MaskSet } from '../../data/coco/maskSet.ts';
import { iouOfBoxes } from '../../data/coco/rleIou.ts';
import { SegmentationView } from '../../data/coco/segmentationView.ts';
import { DataError } from '../../errors.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { EvaluationCells } from './evaluationCells.ts';
import { checkKeypoints, keypointSimilarity } from './keypointSimilarity.ts';

/** What the comparisons gave, flat. */
export interface CellIous {
  /** [cells + 1] first of a cell's values. A cell without comparisons has none. */
  readonly starts: Float64Array;
  /** A cell's values: [detections * truths], a detection's in a row. */
  readonly values: Float64Array;
}

/**
 * Compares what is in each cell.
 * @throws DataError naming the annotation without a box, mask or keypoints
 */
export function compareCells(
  cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset, parameters: CocoParameters,
): CellIous {
  const { iouType, useCats } = parameters;
  const starts = new Float64Array(cells.count + 1);
  // pycocotools looks for keypoints of class -1 when classes do not count, and so compares nothing.
  const nothing = iouType === 'keypoints' && !useCats;
  for (let cell = 0; cell < cells.count; cell++) {
    const truths = cells.truthStarts[cell + 1]! - cells.truthStarts[cell]!;
    const detections = cells.detectionStarts[cell + 1]! - cells.detectionStarts[cell]!;
    starts[cell + 1] = starts[cell]! + (nothing ? 0 : truths * detections);
  }
  const ious = { starts, values: new Float64Array(starts[cells.count]!) };
  if (nothing) return ious;
  if (iouType === 'bbox') compareBoxes(ious, cells, truth, detected);
  else if (iouType === 'segm') compareMasks(ious, cells, truth, detected);
  else compareKeypoints(ious, cells, truth, detected, parameters.keypointSigmas);
  return ious;
}

function compareBoxes({ starts, values }: CellIous, cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset): void {
  const { truths, truthStarts, detections, detectionStarts } = cells;
  const gt = truth.annotations;
  const dt = detected.annotations;
  checkBoxes(gt.boxes, truths, gt.ids, 'object');
  checkBoxes(dt.boxes, detections, dt.ids, 'detection');
  for (let cell = 0; cell < cells.count; cell++) {
    let at = starts[cell]!;
    if (at === starts[cell + 1]) continue;
    for (let d = detectionStarts[cell]!; d < detectionStarts[cell + 1]!; d++) {
      for (let g = truthStarts[cell]!; g < truthStarts[cell + 1]!; g++) {
        const row = truths[g]!;
        values[at++] = iouOfBoxes(dt.boxes, 4 * detections[d]!, gt.boxes, 4 * row, gt.isCrowd[row] === 1);
      }
    }
  }
}

function checkBoxes(boxes: Float64Array, rows: Uint32Array, ids: Float64Array, kind: string): void {
  for (const row of rows) {
    const isMissing = Number.isNaN(boxes[4 * row]! + boxes[4 * row + 1]! + boxes[4 * row + 2]! + boxes[4 * row + 3]!);
    if (isMissing) throw new DataError(`CocoEval: expected a bbox of four numbers for ${kind} ${ids[row]}, got none; evaluate with iouType 'segm' if it has a mask`);
  }
}

function compareMasks({ starts, values }: CellIous, cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset): void {
  const { truths, truthStarts, detections, detectionStarts } = cells;
  const { isCrowd } = truth.annotations;
  const addTruth = maskAdder(truth, 'object');
  const addDetection = maskAdder(detected, 'detection');
  const masks = new MaskSet();
  for (let cell = 0; cell < cells.count; cell++) {
    let at = starts[cell]!;
    if (at === starts[cell + 1]) continue;
    masks.clear();
    const firstTruth = truthStarts[cell]!;
    const truthCount = truthStarts[cell + 1]! - firstTruth;
    for (let g = 0; g < truthCount; g++) addTruth(masks, truths[firstTruth + g]!);
    for (let d = detectionStarts[cell]!; d < detectionStarts[cell + 1]!; d++) {
      const mask = addDetection(masks, detections[d]!);
      for (let g = 0; g < truthCount; g++) values[at++] = masks.iou(mask, g, isCrowd[truths[firstTruth + g]!] === 1);
    }
  }
}

/** Adds the mask of an annotation to a set. */
function maskAdder(dataset: CocoDataset, kind: string): (masks: MaskSet, row: number) => number {
  const { annotations, images } = dataset;
  const view = new SegmentationView();
  return (masks, row) => {
    const image = dataset.imageRow(annotations.imageIds[row]!);
    annotations.readSegmentation(row, view);
    try {
      return masks.addSegmentation(view, images.heights[image] ?? NaN, images.widths[image] ?? NaN);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`${error.message} (segmentation of ${kind} ${annotations.ids[row]} of ${dataset.name})`);
    }
  };
}

function compareKeypoints(
  { starts, values }: CellIous, cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset, sigmas: readonly number[],
): void {
  const { truths, truthStarts, detections, detectionStarts } = cells;
  const gt = truth.annotations;
  const dt = detected.annotations;
  for (let cell = 0; cell < cells.count; cell++) {
    let at = starts[cell]!;
    if (at === starts[cell + 1]) continue;
    const people = Array.from(truths.subarray(truthStarts[cell], truthStarts[cell + 1]), (row) => ({
      keypoints: checkKeypoints(gt.keypoints(row), sigmas, `object ${gt.ids[row]}`),
      area: gt.areas[row]!,
      box: gt.boxes.subarray(4 * row, 4 * row + 4),
    }));
    for (const row of detections.subarray(detectionStarts[cell], detectionStarts[cell + 1])) {
      const keypoints = checkKeypoints(dt.keypoints(row), sigmas, `detection ${dt.ids[row]}`);
      for (const person of people) values[at++] = keypointSimilarity(keypoints, person, sigmas);
    }
  }
}
