// Masks of cells compared: the loop that threads share. It knows nothing of data sets, only where segmentations stand.
// Source: pycocotools 2.0.11, COCOeval.computeIoU.

import type { SegmentationText } from '../../data/coco/annotationTable.ts';
import { FAR } from '../../data/coco/maskKernel.ts';
import { MaskSet, type AddOptions } from '../../data/coco/maskSet.ts';
import { SegmentationView } from '../../data/coco/segmentationView.ts';
import { chunkOfRow } from '../../data/coco/textChunks.ts';

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

/** Where segmentations come from. */
export interface MaskSource {
  /** Their text, where they have one. */
  readonly text: SegmentationText | undefined;
  /** Reads any of them. */
  read(row: number, view: SegmentationView): void;
  /** Makes an error of adding one that names the annotation. */
  describe(error: unknown, row: number): unknown;
}

/** Compares one cell after another. */
export class MaskComparer {
  readonly #cells: MaskCells;
  readonly #truth: MaskSource;
  readonly #detected: MaskSource;
  readonly #masks = new MaskSet();
  readonly #view = new SegmentationView();

  constructor(cells: MaskCells, truth: MaskSource, detected: MaskSource) {
    this.#cells = cells;
    this.#truth = truth;
    this.#detected = detected;
  }

  /**
   * Compares the cells from `first` to before `end`.
   * @throws DataError naming the annotation without a mask, or with one that cannot be drawn
   */
  compare(first: number, end: number): void {
    const { starts, values, areas, isCrowd, truths, truthStarts, detections, detectionStarts, heights, widths } = this.#cells;
    const masks = this.#masks;
    const photo = { height: 0, width: 0, near: -1 };
    for (let cell = first; cell < end; cell++) {
      const start = starts[cell]!;
      const alone = start === starts[cell + 1];
      if (alone && areas === undefined) continue;
      masks.clear();
      photo.height = heights[cell]!;
      photo.width = widths[cell]!;
      photo.near = -1;
      const firstDetection = detectionStarts[cell]!;
      const count = detectionStarts[cell + 1]! - firstDetection;
      for (let d = 0; d < count; d++) {
        this.#add(this.#detected, detections[firstDetection + d]!, photo);
        if (areas !== undefined) areas[firstDetection + d] = masks.area(d);
      }
      if (alone) continue;
      const firstTruth = truthStarts[cell]!;
      const truthCount = truthStarts[cell + 1]! - firstTruth;
      photo.near = count;
      for (let g = 0; g < truthCount; g++) {
        const row = truths[firstTruth + g]!;
        const mask = this.#add(this.#truth, row, photo);
        // Far from all detections: the values are 0 already.
        if (mask === FAR) continue;
        const crowd = isCrowd[row] === 1;
        for (let d = 0; d < count; d++) values[start + d * truthCount + g] = masks.iou(d, mask, crowd);
      }
    }
  }

  /** Adds one. @returns its number in the set, or FAR */
  #add(source: MaskSource, row: number, options: AddOptions): number {
    const { text } = source;
    const start = text?.positions[row] ?? 0;
    if (text !== undefined && start > 0) {
      const { bytes } = chunkOfRow(text.chunks, 'firstAnnotation', row);
      const mask = this.#masks.addText(bytes, start, text.ends[row]!, options);
      if (mask >= 0 || mask === FAR) return mask;
    }
    source.read(row, this.#view);
    try {
      return this.#masks.addSegmentation(this.#view, options);
    } catch (error) {
      throw source.describe(error, row);
    }
  }
}
