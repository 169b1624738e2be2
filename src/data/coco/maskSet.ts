// Many masks laid out to be compared with each other, in the memory of a kernel.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleIou).

import { DataError } from '../../errors.ts';
import { FAR, MaskKernel, UNUSUAL } from './maskKernel.ts';
import { notDrawable } from './polygonRle.ts';
import { checkMaskSize, checkSum, isMaskSize, rleFromCounts } from './rle.ts';
import { readRuns } from './rleString.ts';
import type { SegmentationView } from './segmentationView.ts';

/** What helps where a segmentation is missing. */
const WITHOUT_MASK = "give each object its mask, leave it out, or evaluate boxes (iouType 'bbox')";

export interface AddOptions {
  /** Of the photo, px; for polygons. */
  readonly height: number;
  /** Of the photo, px; for polygons. */
  readonly width: number;
  /** Polygons are added only if their mask may overlap one of so many first masks. */
  readonly near?: number;
}

/** Masks by number, in the order in which they were added. */
export class MaskSet {
  readonly #kernel = new MaskKernel();

  /** Forgets all masks and keeps the memory. */
  clear(): void {
    this.#kernel.code.clear();
  }

  /**
   * Adds the segmentation that begins there in a JSON text, if it is written as almost all files write it.
   * @param end behind it, or further
   * @returns its number; FAR, as addSegmentation; UNUSUAL or another number below 0 when it has to be read by readSegmentation
   */
  addText(bytes: Uint8Array, start: number, end: number, { height, width, near = -1 }: AddOptions): number {
    if (!isMaskSize(height, width)) return UNUSUAL;
    const kernel = this.#kernel;
    return kernel.code.addText(kernel.putText(bytes, start, end), end - start, height, width, near);
  }

  /**
   * Adds a segmentation.
   * @returns its number; FAR for polygons that overlap none of the masks in `near`, judged by their corners
   * @throws DataError when it is none, or cannot be drawn
   */
  addSegmentation(view: SegmentationView, options: AddOptions): number {
    const { numbers, height, width } = view;
    switch (view.kind) {
      case 'string': {
        checkMaskSize(height, width, 'MaskSet.addSegmentation');
        const runs = readRuns(view.bytes, view.start, view.end, height * width, view.isEscaped);
        return this.#addRuns(runs, height, width, 'MaskSet.addSegmentation');
      }
      case 'counts':
        return this.addCounts(rleFromCounts(numbers.subarray(0, view.numberCount), height, width).counts, height, width);
      case 'polygons': {
        const polygonEnds = view.polygonEnds.subarray(0, view.polygonCount);
        return this.#addPolygons(numbers.subarray(0, view.numberCount), polygonEnds, options);
      }
      case 'none':
        throw new DataError(`MaskSet.addSegmentation: expected a segmentation, got none; ${WITHOUT_MASK}`);
    }
  }

  /**
   * Adds a mask by its run lengths. @returns its number
   * @throws DataError when they do not add up to height * width
   */
  addCounts(counts: Uint32Array, height: number, width: number): number {
    checkMaskSize(height, width, 'MaskSet.addCounts');
    return this.#addRuns(counts, height, width, 'MaskSet.addCounts');
  }

  /** Pixels of a mask. */
  area(mask: number): number {
    return this.#kernel.code.area(mask);
  }

  /**
   * Intersection over union of two masks; over the detection's area instead where the ground truth is a crowd. -1 for masks of
   * different sizes whose boxes overlap, as pycocotools gives.
   */
  iou(detection: number, truth: number, isCrowd: boolean): number {
    return this.#kernel.code.iou(detection, truth, isCrowd ? 1 : 0);
  }

  #addRuns(runs: Uint32Array, height: number, width: number, where: string): number {
    const ends = this.#kernel.endsToFill(runs.length);
    let position = 0;
    for (let i = 0; i < runs.length; i++) {
      position += runs[i]!;
      ends[i] = position;
    }
    checkSum(position, height, width, where);
    return this.#kernel.code.addEnds(runs.length, height, width);
  }

  #addPolygons(numbers: Float64Array, polygonEnds: Uint32Array, { height, width, near = -1 }: AddOptions): number {
    if (polygonEnds.length === 0) throw new DataError(`MaskSet.addSegmentation: expected at least one polygon, got none; ${WITHOUT_MASK}`);
    if (!isMaskSize(height, width)) {
      throw new DataError('MaskSet.addSegmentation: expected width and height of its photo, whole numbers with a product below 2^32, in images, ' +
        `got ${width} and ${height}; write the photo's size in px`);
    }
    const kernel = this.#kernel;
    const mask = kernel.code.addPolygons(kernel.putPolygons({ numbers, polygonEnds }), height, width, near);
    if (mask >= 0 || mask === FAR) return mask;
    throw notDrawable(numbers, polygonEnds);
  }
}
