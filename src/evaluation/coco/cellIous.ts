// Every detection of a cell against every object in it.
// Source: pycocotools 2.0.11, COCOeval.computeIoU and computeOks.

import type { SegmentationText } from '../../data/coco/annotationTable.ts';
import type { CocoDataset } from '../../data/coco/cocoDataset.ts';
import { DataError } from '../../errors.ts';
import { compareBoxes } from './boxKernel.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { EvaluationCells } from './cellKernel.ts';
import { checkKeypoints, keypointSimilarity } from './keypointSimilarity.ts';
import { MaskComparer, type MaskCells, type MaskSource } from './maskCells.ts';
import { compareTogether, type MaskHelp } from './maskHelp.ts';

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
 * @param help threads for masks; they change nothing but the time it takes
 * @throws DataError naming the annotation without a box, mask, keypoints or area
 */
export function compareCells(
  cells: EvaluationCells, truth: CocoDataset, detected: CocoDataset, parameters: CocoParameters, help?: MaskHelp,
): CellIous {
  const { iouType, useCats, imageIds } = parameters;
  const { count, truthStarts, detectionStarts } = cells;
  const starts = new Float64Array(count + 1);
  // pycocotools looks for keypoints of class -1 when classes do not count, and so compares nothing.
  const nothing = iouType === 'keypoints' && !useCats;
  for (let cell = 0; cell < count; cell++) {
    const truths = truthStarts[cell + 1]! - truthStarts[cell]!;
    const detections = detectionStarts[cell + 1]! - detectionStarts[cell]!;
    starts[cell + 1] = starts[cell]! + (nothing ? 0 : truths * detections);
  }
  const memory = help === undefined ? ArrayBuffer : SharedArrayBuffer;
  const column = (length: number) => new Float64Array(new memory(8 * length));
  const detectionAreas = column(cells.detections.length);
  const ious = { starts, values: column(starts[count]!), detectionAreas };
  const areasComeWithMasks = iouType === 'segm' && detected.annotations.areasAreOfMasks === true;
  if (!areasComeWithMasks) copyAreas(detected, cells.detections, ious.detectionAreas);
  if (nothing) return ious;
  if (iouType === 'bbox') compareBoxes(cells, truth.annotations, detected.annotations, starts, ious.values);
  else if (iouType === 'segm') compareMasks(ious, cells, { truth, detected, withAreas: areasComeWithMasks, photos: imageIds, help });
  else compareKeypoints(ious, cells, truth, detected, parameters.keypointSigmas);
  return ious;
}

function copyAreas({ annotations }: CocoDataset, rows: Uint32Array, into: Float64Array): void {
  const { areas } = annotations;
  for (let i = 0; i < rows.length; i++) {
    const area = areas[rows[i]!]!;
    if (Number.isNaN(area)) {
      throw new DataError(`CocoEval: expected an area for detection ${annotations.ids[rows[i]!]}, got none: results get theirs ` +
        'from a bbox, a segmentation or keypoints');
    }
    into[i] = area;
  }
}

interface MaskOptions {
  readonly truth: CocoDataset;
  readonly detected: CocoDataset;
  /** Whether the detections' areas come with their masks. */
  readonly withAreas: boolean;
  /** Ids of the photos that cells name by index. */
  readonly photos: readonly number[];
  readonly help: MaskHelp | undefined;
}

function compareMasks(
  { starts, values, detectionAreas }: CellIous, cells: EvaluationCells, { truth, detected, withAreas, photos, help }: MaskOptions,
): void {
  const sizes = sizesOf(cells, photos, truth);
  const areas = withAreas ? detectionAreas : undefined;
  const { count, truths, truthStarts, detections, detectionStarts } = cells;
  const { isCrowd } = truth.annotations;
  const maskCells: MaskCells =
    { count, truths, truthStarts, detections, detectionStarts, ...sizes, isCrowd, starts, values, areas };
  const comparer = new MaskComparer(maskCells, sourceOf(truth, 'object'), sourceOf(detected, 'detection'));
  const truthText = help && sharedText(truth);
  const detectionText = help && sharedText(detected);
  if (help !== undefined && truthText !== undefined && detectionText !== undefined) {
    if (compareTogether(comparer, help, { cells: maskCells, truth: truthText, detections: detectionText })) return;
    // A fault is met again here: the first one, whoever met which before.
    values.fill(0);
  }
  comparer.compare(0, count);
}

function sourceOf({ annotations, name }: CocoDataset, kind: string): MaskSource {
  return {
    text: annotations.segmentationText,
    read: (row, view) => annotations.readSegmentation(row, view),
    describe: (error, row) => {
      if (!(error instanceof DataError)) return error;
      return new DataError(`${error.message} (segmentation of ${kind} ${annotations.ids[row]} of ${name})`);
    },
  };
}

/** The segmentations as bytes in memory that other threads see. */
function sharedText({ annotations: { segmentationText: text } }: CocoDataset): SegmentationText | undefined {
  return text?.chunks.every(({ bytes }) => bytes.buffer instanceof SharedArrayBuffer) ? text : undefined;
}

/** [cells] of each cell's photo, px; NaN for one that is not in the data. */
function sizesOf({ count, images }: EvaluationCells, photos: readonly number[], dataset: CocoDataset) {
  const heights = new Float64Array(count).fill(NaN);
  const widths = new Float64Array(count).fill(NaN);
  const rows = Int32Array.from(photos, (id) => dataset.imageRow(id));
  for (let cell = 0; cell < count; cell++) {
    const row = rows[images[cell]!]!;
    if (row < 0) continue;
    heights[cell] = dataset.images.heights[row]!;
    widths[cell] = dataset.images.widths[row]!;
  }
  return { heights, widths };
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
