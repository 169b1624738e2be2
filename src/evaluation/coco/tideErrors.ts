// What kind of error each wrong detection is, and which objects are missed.
// Source: Bolya, Foley, Hays, Hoffman: TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020, section 2.2;
// order of the tests, limits and ties as in the tidecv package 1.0.1.

import type { Evaluation } from './detectionStates.ts';

/** Both: wrong class and poor box at once. Background: a detection of nothing. Missed: an object that nobody found. */
export type TideErrorType = 'classification' | 'localisation' | 'both' | 'duplicate' | 'background' | 'missed';

/** In the order in which tidecv lists them. */
export const tideErrorTypes = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'] as const satisfies TideErrorType[];

export interface TideDetection {
  /** Category id. */
  readonly category: number;
  readonly score: number;
  /** What is wrong with it; undefined: nothing. */
  readonly error: Exclude<TideErrorType, 'missed'> | undefined;
  /** It lies in a crowd of its class and does not count, unless repairing it makes it right. */
  readonly ignored: boolean;
  /** The object that it would have found without a classification or localisation error. */
  readonly target: TideObject | undefined;
}

interface TideObject {
  readonly category: number;
  /** Whether a detection found it. */
  found: boolean;
  /** Of the classification and localisation errors that mean it, the one with the highest score: only that can be repaired. */
  best: TideDetection | undefined;
}

export interface TideFindings {
  /** Photo by photo, best score first. */
  readonly detections: readonly TideDetection[];
  /** Crowds left out. */
  readonly objects: readonly TideObject[];
}

export interface TideThresholds {
  /** A detection is right from this IoU on. */
  readonly iou: number;
  /** Up to this IoU with any object it is background. */
  readonly backgroundIou: number;
  /** Detections per photo. */
  readonly maxDets: number;
}

/**
 * Sorts detections by kind of error.
 * @param evaluation photos compared without classes
 * @param photoOrder [photos] places in imageIds, in the order in which photos are taken
 */
export function tideErrors(evaluation: Evaluation, photoOrder: readonly number[], thresholds: TideThresholds): TideFindings {
  const { cells } = evaluation;
  const cellOf = new Map(Array.from(cells.images, (image, cell) => [image, cell]));
  const detections: TideDetection[] = [];
  const objects: TideObject[] = [];
  for (const image of photoOrder) {
    const cell = cellOf.get(image);
    if (cell === undefined) continue;
    const photo = new Photo(evaluation, cell, thresholds);
    detections.push(...photo.detections());
    objects.push(...photo.objects);
  }
  return { detections, objects };
}

/** One photo. Detections and objects of a cell are looked at in tidecv's order of equals, the file's. */
class Photo {
  readonly objects: TideObject[];
  readonly #thresholds: TideThresholds;
  readonly #evaluation: Evaluation;
  /** Rows of the table, and their places in the cell. */
  readonly #detected: { row: number; place: number }[];
  readonly #truths: { row: number; place: number }[];
  readonly #crowds: { row: number; place: number }[];
  readonly #start: number;
  readonly #truthCount: number;

  constructor(evaluation: Evaluation, cell: number, thresholds: TideThresholds) {
    const { cells, truth, detected, ious } = evaluation;
    this.#evaluation = evaluation;
    this.#thresholds = thresholds;
    const { scores } = detected;
    this.#detected = rowsOf(cells.detections, cells.detectionStarts, cell)
      .sort((a, b) => scores[b.row]! - scores[a.row]! || a.row - b.row).slice(0, thresholds.maxDets);
    const truths = rowsOf(cells.truths, cells.truthStarts, cell).sort((a, b) => a.row - b.row);
    this.#truths = truths.filter(({ row }) => truth.isCrowd[row] !== 1);
    this.#crowds = truths.filter(({ row }) => truth.isCrowd[row] === 1);
    this.#start = ious.starts[cell]!;
    this.#truthCount = truths.length;
    this.objects = this.#truths.map(({ row }) => ({ category: truth.categoryIds[row]!, found: false, best: undefined }));
  }

  detections(): TideDetection[] {
    const matches = this.#match();
    return this.#detected.map(({ row, place }, d) => {
      const { categoryIds, scores } = this.#evaluation.detected;
      const [category, score] = [categoryIds[row]!, scores[row]!];
      if (matches[d] !== -1) return { category, score, error: undefined, ignored: false, target: undefined };
      const { error, target } = this.#errorOf(place, category);
      const ignored = this.#crowds.some((crowd) =>
        this.#evaluation.truth.categoryIds[crowd.row] === category && this.#iou(place, crowd) > this.#thresholds.iou);
      const detection = { category, score, error, ignored, target };
      if (target && !target.found && score > (target.best?.score ?? -1)) target.best = detection;
      return detection;
    });
  }

  /** The object that each detection finds, or -1: of its class, the one it covers best among those not found yet. */
  #match(): number[] {
    return this.#detected.map(({ row, place }) => {
      const category = this.#evaluation.detected.categoryIds[row];
      const { index, iou } = this.#closest(place, (object) => object.category === category && !object.found);
      if (index === -1 || iou < this.#thresholds.iou) return -1;
      this.objects[index]!.found = true;
      return index;
    });
  }

  #errorOf(place: number, category: number): Required<Pick<TideDetection, 'error' | 'target'>> {
    const { iou: enough, backgroundIou } = this.#thresholds;
    const none = { target: undefined };
    if (this.objects.length === 0) return { error: 'background', ...none };
    const same = this.#closest(place, (object) => object.category === category);
    if (same.iou >= backgroundIou && same.iou <= enough) return { error: 'localisation', target: this.objects[same.index] };
    const other = this.#closest(place, (object) => object.category !== category);
    if (other.iou >= enough) return { error: 'classification', target: this.objects[other.index] };
    if (this.#closest(place, (object) => object.category === category && object.found).iou >= enough) return { error: 'duplicate', ...none };
    return { error: this.#closest(place, () => true).iou <= backgroundIou ? 'background' : 'both', ...none };
  }

  /** The first of the objects that it covers best; an IoU of 0 and no object when none is wanted. */
  #closest(place: number, wanted: (object: TideObject) => boolean): { index: number; iou: number } {
    let closest = { index: -1, iou: 0 };
    this.#truths.forEach((truth, index) => {
      if (!wanted(this.objects[index]!)) return;
      const iou = this.#iou(place, truth);
      if (iou > closest.iou || closest.index === -1) closest = { index, iou };
    });
    return closest;
  }

  #iou(place: number, truth: { place: number }): number {
    return this.#evaluation.ious.values[this.#start + place * this.#truthCount + truth.place]!;
  }
}

function rowsOf(rows: Uint32Array, starts: Uint32Array, cell: number): { row: number; place: number }[] {
  return Array.from(rows.subarray(starts[cell], starts[cell + 1]), (row, place) => ({ row, place }));
}
