// What becomes of every detection, at every IoU threshold and for every area range: right, wrong, or ignored.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { DataError } from '../../errors.ts';
import type { CellIous } from './cellIous.ts';
import { CellMatcher, type MatchableCell } from './cellMatcher.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { EvaluationCells } from './evaluationCells.ts';

/** A detection that matches no object. */
export const FALSE_POSITIVE = 0;
/** A detection that matches an object. */
export const TRUE_POSITIVE = 1;
/** A detection that matches an object to be ignored, or none and is itself outside the area range. */
export const IGNORED = 2;

export interface DetectionStates {
  /** [A, T, detections] in the order of `cells.ranking`. */
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

/**
 * Matches all cells.
 * @throws DataError naming the annotation without an area
 */
export function labelDetections(evaluation: Evaluation): DetectionStates {
  const { cells, parameters, detected } = evaluation;
  const { areaRanges, iouThresholds, categoryIds, useCats } = parameters;
  const [areas, thresholds, total] = [areaRanges.length, iouThresholds.length, cells.detections.length];
  const states = new Uint8Array(areas * thresholds * total);
  const truthCounts = new Uint32Array((useCats ? categoryIds.length : 1) * areas);
  const placeInRanking = new Uint32Array(total);
  for (let i = 0; i < total; i++) placeInRanking[cells.ranking[i]!] = i;
  checkAreas(detected, cells.detections, 'detection');
  checkAreas(evaluation.truth, cells.truths, 'object');
  const matcher = new CellMatcher(iouThresholds);
  const view = new CellView(evaluation);
  for (let cell = 0; cell < cells.count; cell++) {
    view.open(cell);
    const counts = cells.categories[cell]! * areas;
    for (let a = 0; a < areas; a++) truthCounts[counts + a]! += view.truths - view.ignoredCounts[a]!;
    if (view.detections === 0) continue;
    // Where all objects are ignored or none is, the matches are the same ones: found once.
    for (const mixed of [false, true]) {
      let matches: Int32Array | undefined;
      for (let a = 0; a < areas; a++) {
        const ignoredCount = view.ignoredCounts[a]!;
        if ((ignoredCount > 0 && ignoredCount < view.truths) !== mixed) continue;
        if (mixed || matches === undefined) matches = matcher.match(view, view.ignored[a]!);
        for (let t = 0; t < thresholds; t++) {
          const base = (a * thresholds + t) * total;
          for (let d = 0; d < view.detections; d++) {
            states[base + placeInRanking[view.firstDetection + d]!] = view.state(a, d, matches[t * view.detections + d]!);
          }
        }
      }
    }
  }
  return { states, truthCounts };
}

/** The annotations of one cell after another, with what matching asks about them. */
export class CellView implements MatchableCell {
  truths = 0;
  detections = 0;
  iouStart = 0;
  compared = false;
  firstTruth = 0;
  firstDetection = 0;
  isCrowd = new Uint8Array(64);
  takes = new Uint8Array(64);
  /** [A] of [truths] */
  readonly ignored: Uint8Array[];
  /** [A] */
  readonly ignoredCounts: Uint32Array;
  readonly ious: Float64Array;
  readonly #evaluation: Evaluation;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
    this.ious = evaluation.ious.values;
    this.ignored = evaluation.parameters.areaRanges.map(() => new Uint8Array(64));
    this.ignoredCounts = new Uint32Array(this.ignored.length);
  }

  /** Turns to another cell. */
  open(cell: number): void {
    const { cells, ious, truth, detected, parameters } = this.#evaluation;
    this.firstTruth = cells.truthStarts[cell]!;
    this.firstDetection = cells.detectionStarts[cell]!;
    this.truths = cells.truthStarts[cell + 1]! - this.firstTruth;
    this.detections = cells.detectionStarts[cell + 1]! - this.firstDetection;
    this.iouStart = ious.starts[cell]!;
    this.compared = ious.starts[cell + 1]! > this.iouStart;
    this.#reserve();
    this.ignoredCounts.fill(0);
    const { areaRanges, iouType } = parameters;
    for (let g = 0; g < this.truths; g++) {
      const row = cells.truths[this.firstTruth + g]!;
      const crowd = truth.isCrowd[row] === 1 ? 1 : 0;
      this.isCrowd[g] = crowd;
      const always = crowd === 1 || (iouType === 'keypoints' && truth.keypointCount(row) === 0);
      const area = truth.areas[row]!;
      for (let a = 0; a < areaRanges.length; a++) {
        const [low, high] = areaRanges[a]!;
        const ignored = always || area < low || area > high ? 1 : 0;
        this.ignored[a]![g] = ignored;
        this.ignoredCounts[a]! += ignored;
      }
    }
    for (let d = 0; d < this.detections; d++) {
      this.takes[d] = detected.ids[cells.detections[this.firstDetection + d]!]! > 0 ? 1 : 0;
    }
  }

  /**
   * What becomes of a detection.
   * @param area index of the range
   * @param d number in the cell
   * @param match the object it takes, or -1
   */
  state(area: number, d: number, match: number): number {
    const { cells, truth, detected, parameters } = this.#evaluation;
    if (match !== -1) {
      if (this.ignored[area]![match] === 1) return IGNORED;
      // pycocotools knows a match by the object's id, so that one to an object of id 0 is none.
      if (truth.ids[cells.truths[this.firstTruth + match]!] !== 0) return TRUE_POSITIVE;
    }
    const [low, high] = parameters.areaRanges[area]!;
    const size = detected.areas[cells.detections[this.firstDetection + d]!]!;
    return size < low || size > high ? IGNORED : FALSE_POSITIVE;
  }

  #reserve(): void {
    if (this.truths > this.isCrowd.length) {
      this.isCrowd = new Uint8Array(2 * this.truths);
      this.ignored.forEach((_, a) => {
        this.ignored[a] = new Uint8Array(2 * this.truths);
      });
    }
    if (this.detections > this.takes.length) this.takes = new Uint8Array(2 * this.detections);
  }
}

function checkAreas({ areas, ids }: AnnotationTable, rows: Uint32Array, kind: string): void {
  for (const row of rows) {
    if (Number.isNaN(areas[row])) throw new DataError(`CocoEval: expected an area for ${kind} ${ids[row]}, got none`);
  }
}
