// Masks of cells compared: the loop that threads share. It knows nothing of data sets, only where segmentations stand.
// Source: pycocotools 2.0.11, COCOeval.computeIoU.

import { MaskSet } from '../../data/coco/maskSet.ts';
import { SegmentationView } from '../../data/coco/segmentationView.ts';

/** What is compared, and where it goes. Cells are those of EvaluationCells. */
export interface MaskCells {
  readonly count: number;
  readonly detectionStarts: Uint32Array;
  readonly detections: Uint32Array;
  readonly truthStarts: Uint32Array;
  readonly truths: Uint32Array;
  /** [count] of the photo, px; NaN for one that is unknown */
  readonly heights: Float64Array;
  /** [count] alike */
  readonly widths: Float64Array;
  /** [rows of the ground truth] */
  readonly isCrowd: Uint8Array;
  /** [count + 1] first of a cell's values. */
  readonly starts: Float64Array;
  /** A cell's values, [detections * truths], zeros before. */
  readonly values: Float64Array;
  /** [detections] px², filled with the masks' areas; undefined: they are known. */
  readonly areas: Float64Array | undefined;
}

/** Reads segmentations by row. */
export interface MaskReaders {
  truth(row: number, view: SegmentationView): void;
  detection(row: number, view: SegmentationView): void;
  /** Makes an error of drawing one that names the annotation. */
  describe(error: unknown, kind: 'object' | 'detection', row: number): unknown;
}

/** Compares one cell after another. */
export class MaskComparer {
  readonly #cells: MaskCells;
  readonly #readers: MaskReaders;
  readonly #masks = new MaskSet();
  readonly #view = new SegmentationView();

  constructor(cells: MaskCells, readers: MaskReaders) {
    this.#cells = cells;
    this.#readers = readers;
  }

  /**
   * Compares the cells from `first` to before `end`.
   * @throws DataError naming the annotation without a mask, or with one that cannot be drawn
   */
  compare(first: number, end: number): void {
    const { starts, values, areas, isCrowd, truths, truthStarts, detections, detectionStarts } = this.#cells;
    const masks = this.#masks;
    const view = this.#view;
    for (let cell = first; cell < end; cell++) {
      const start = starts[cell]!;
      const alone = start === starts[cell + 1];
      if (alone && areas === undefined) continue;
      masks.clear();
      const firstDetection = detectionStarts[cell]!;
      const count = detectionStarts[cell + 1]! - firstDetection;
      for (let d = 0; d < count; d++) {
        const row = detections[firstDetection + d]!;
        this.#readers.detection(row, view);
        this.#add(cell, 'detection', row);
        if (areas !== undefined) areas[firstDetection + d] = masks.area(d);
      }
      if (alone) continue;
      const firstTruth = truthStarts[cell]!;
      const truthCount = truthStarts[cell + 1]! - firstTruth;
      for (let g = 0; g < truthCount; g++) {
        const row = truths[firstTruth + g]!;
        this.#readers.truth(row, view);
        // An outline far from all detections need not be drawn: the values are 0 already.
        if (!masks.mayOverlap(view, count)) continue;
        const mask = this.#add(cell, 'object', row);
        const crowd = isCrowd[row] === 1;
        for (let d = 0; d < count; d++) values[start + d * truthCount + g] = masks.iou(d, mask, crowd);
      }
    }
  }

  /** Adds what was read. @returns its number in the set */
  #add(cell: number, kind: 'object' | 'detection', row: number): number {
    try {
      return this.#masks.addSegmentation(this.#view, this.#cells.heights[cell]!, this.#cells.widths[cell]!);
    } catch (error) {
      throw this.#readers.describe(error, kind, row);
    }
  }
}
