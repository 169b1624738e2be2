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
  /** px², by place in `cells.detections`. */
  readonly detectionAreas: Float64Array;
}

/**
 * Compares what is in each cell.
 * @throws DataError naming the annotation without a box, mask, keypoints or area
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
  const detectionAreas = new Float64Array(cells.detections.length);
  const ious = { starts, values: new Float64Array(starts[cells.count]!), detectionAreas };
  const areasComeWithMasks = iouType === 'segm' && detected.annotations.areasAreOfMasks === true;
  if (!areasComeWithMasks) copyAreas(detected, cells.detections, ious.detectionAreas);
  if (nothing) return ious;
  if (iouType === 'bbox') compareBoxes(ious, cells, truth, detected);
  else if (iouType === 'segm') compareMasks(ious, cells, truth, detected, areasComeWithMasks);
  else compareKeypoints(ious, cells, truth, detected, parameters.keypointSigmas);
  return ious;
}

function copyAreas({ annotations }: CocoDataset, rows: Uint32Array, into: Float64Array): void {
  const { areas } = annotations;
  for (let i = 0; i < rows.length; i++) {
    const area = areas[rows[i]!]!;
    if (Number.isNaN(area)) throw new DataError(`CocoEval: expected an area for detection ${annotations.ids[rows[i]!]}, got none`);
    into[i] = area;
  }
}

function compareBoxes({ starts, values }: CellIous, cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset): void {
  const { truths, truthStarts, detections, detectionStarts } = cells;
  const { boxes, isCrowd } = truth.annotations;
  const dtBoxes = detected.annotations.boxes;
  checkBoxes(boxes, truths, truth.annotations.ids, 'object');
  checkBoxes(dtBoxes, detections, detected.annotations.ids, 'detection');
  for (let cell = 0; cell < cells.count; cell++) {
    let at = starts[cell]!;
    if (at === starts[cell + 1]) continue;
    const firstTruth = truthStarts[cell]!;
    const truthEnd = truthStarts[cell + 1]!;
    const detectionEnd = detectionStarts[cell + 1]!;
    for (let d = detectionStarts[cell]!; d < detectionEnd; d++) {
      const dtRow = detections[d]!;
      for (let g = firstTruth; g < truthEnd; g++) {
        const row = truths[g]!;
        values[at++] = iouOfBoxes(dtBoxes, 4 * dtRow, boxes, 4 * row, isCrowd[row] === 1);
      }
    }
  }
}

function checkBoxes(boxes: Float64Array, rows: Uint32Array, ids: Float64Array, kind: string): void {
  for (let i = 0; i < rows.length; i++) {
    const at = 4 * rows[i]!;
    if (!Number.isNaN(boxes[at]! + boxes[at + 1]! + boxes[at + 2]! + boxes[at + 3]!)) continue;
    throw new DataError(`CocoEval: expected a bbox of four numbers for ${kind} ${ids[rows[i]!]}, got none; evaluate with iouType 'segm' if it has a mask`);
  }
}

function compareMasks(
  ious: CellIous, cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset, withAreas: boolean,
): void {
  const { starts, values, detectionAreas } = ious;
  const { truths, truthStarts, detections, detectionStarts } = cells;
  const { isCrowd } = truth.annotations;
  const masks = new MaskSet();
  const gt = new MaskSource(truth, 'object', masks);
  const dt = new MaskSource(detected, 'detection', masks);
  for (let cell = 0; cell < cells.count; cell++) {
    const start = starts[cell]!;
    const alone = start === starts[cell + 1];
    if (alone && !withAreas) continue;
    masks.clear();
    const firstDetection = detectionStarts[cell]!;
    const count = detectionStarts[cell + 1]! - firstDetection;
    for (let d = 0; d < count; d++) {
      dt.read(detections[firstDetection + d]!);
      dt.add();
      if (withAreas) detectionAreas[firstDetection + d] = masks.area(d);
    }
    if (alone) continue;
    const firstTruth = truthStarts[cell]!;
    const truthCount = truthStarts[cell + 1]! - firstTruth;
    for (let g = 0; g < truthCount; g++) {
      const row = truths[firstTruth + g]!;
      gt.read(row);
      // An outline far from all detections need not be drawn: the values are 0 already.
      if (!masks.mayOverlap(gt.view, count)) continue;
      const mask = gt.add();
      for (let d = 0; d < count; d++) values[start + d * truthCount + g] = masks.iou(d, mask, isCrowd[row] === 1);
    }
  }
}

/** Masks of a data set's annotations for a set. */
class MaskSource {
  readonly view = new SegmentationView();
  readonly #dataset: CocoDataset;
  readonly #kind: string;
  readonly #masks: MaskSet;
  #row = 0;

  constructor(dataset: CocoDataset, kind: string, masks: MaskSet) {
    this.#dataset = dataset;
    this.#kind = kind;
    this.#masks = masks;
  }

  /** Reads a segmentation into `view`. */
  read(row: number): void {
    this.#row = row;
    this.#dataset.annotations.readSegmentation(row, this.view);
  }

  /** Adds what was read. @returns its number in the set */
  add(): number {
    const { annotations, images, name } = this.#dataset;
    const image = this.view.kind === 'polygons' ? this.#dataset.imageRow(annotations.imageIds[this.#row]!) : -1;
    const [height, width] = image < 0 ? [NaN, NaN] : [images.heights[image]!, images.widths[image]!];
    try {
      return this.#masks.addSegmentation(this.view, height, width);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`${error.message} (segmentation of ${this.#kind} ${annotations.ids[this.#row]} of ${name})`);
    }
  }
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
