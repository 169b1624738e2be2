// What becomes of every detection, at every IoU threshold and for every area range: right, wrong, or ignored.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { DataError } from '../../errors.ts';
import type { CellIous } from './cellIous.ts';
import { CellMatcher, type MatchableCell } from './cellMatcher.ts';
import type { CocoParameters } from './cocoParameters.ts';
import type { EvaluationCells } from './evaluationCells.ts';

/** A detection that matches no object. */
const FALSE_POSITIVE = 0;
/** A detection that matches an object. */
export const TRUE_POSITIVE = 1;
/** A detection that matches an object to be ignored, or none and is itself outside the area range. */
export const IGNORED = 2;

export interface DetectionStates {
  /** [detections, A, T], detections in the order of `cells.ranking`. */
  readonly states: Uint8Array;
  /** [detections, A] 1 unless ignored at every threshold. */
  readonly relevant: Uint8Array;
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
 * @throws DataError naming the object without an area
 */
export function labelDetections(evaluation: Evaluation): DetectionStates {
  const { cells, parameters } = evaluation;
  const areas = parameters.areaRanges.length;
  const thresholds = parameters.iouThresholds.length;
  const total = cells.detections.length;
  const states = new Uint8Array(total * areas * thresholds);
  const relevant = new Uint8Array(total * areas);
  const truthCounts = new Uint32Array((parameters.useCats ? parameters.categoryIds.length : 1) * areas);
  const placeInRanking = new Uint32Array(total);
  for (let i = 0; i < total; i++) placeInRanking[cells.ranking[i]!] = i;
  const matcher = new CellMatcher(parameters.iouThresholds);
  const view = new CellView(evaluation);
  for (let cell = 0; cell < cells.count; cell++) {
    view.open(cell);
    const counts = cells.categories[cell]! * areas;
    for (let a = 0; a < areas; a++) truthCounts[counts + a]! += view.truths - view.ignoredCounts[a]!;
    if (view.detections === 0) continue;
    // Where all objects are ignored, or none is, the matches are the same ones: found once, first.
    let shared: Int32Array | undefined;
    for (let pass = 0; pass < 2; pass++) {
      for (let a = 0; a < areas; a++) {
        const ignoredCount = view.ignoredCounts[a]!;
        const isMixed = ignoredCount > 0 && ignoredCount < view.truths;
        if (isMixed !== (pass === 1)) continue;
        const matches: Int32Array = !isMixed && shared ? shared : matcher.match(view, view.ignored[a]!);
        if (!isMixed) shared = matches;
        for (let d = 0; d < view.detections; d++) {
          const at = placeInRanking[view.firstDetection + d]! * areas + a;
          relevant[at] = view.writeStates(a, d, matches, states, at * thresholds, thresholds);
        }
      }
    }
  }
  return { states, relevant, truthCounts };
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
  /** [truths] whether an object's being found counts: pycocotools knows a match by the object's id, and 0 is none. */
  #counts = new Uint8Array(64);
  readonly #evaluation: Evaluation;
  /** [A] bounds of the ranges */
  readonly #lowest: Float64Array;
  readonly #highest: Float64Array;

  constructor(evaluation: Evaluation) {
    const { areaRanges } = evaluation.parameters;
    this.#evaluation = evaluation;
    this.ious = evaluation.ious.values;
    this.ignored = areaRanges.map(() => new Uint8Array(64));
    this.ignoredCounts = new Uint32Array(areaRanges.length);
    this.#lowest = Float64Array.from(areaRanges, ([low]) => low);
    this.#highest = Float64Array.from(areaRanges, ([, high]) => high);
  }

  /** Turns to another cell. @throws DataError naming the object without an area */
  open(cell: number): void {
    const { cells, ious, truth, detected, parameters } = this.#evaluation;
    const firstTruth = cells.truthStarts[cell]!;
    const firstDetection = cells.detectionStarts[cell]!;
    const truths = cells.truthStarts[cell + 1]! - firstTruth;
    const detections = cells.detectionStarts[cell + 1]! - firstDetection;
    this.firstTruth = firstTruth;
    this.firstDetection = firstDetection;
    this.truths = truths;
    this.detections = detections;
    this.iouStart = ious.starts[cell]!;
    this.compared = ious.starts[cell + 1]! > this.iouStart;
    if (truths > this.isCrowd.length || detections > this.takes.length) this.#grow();
    const isKeypoints = parameters.iouType === 'keypoints';
    const areas = this.ignored.length;
    for (let a = 0; a < areas; a++) this.ignoredCounts[a] = 0;
    for (let g = 0; g < truths; g++) {
      const row = cells.truths[firstTruth + g]!;
      const crowd = truth.isCrowd[row] === 1 ? 1 : 0;
      this.isCrowd[g] = crowd;
      this.#counts[g] = truth.ids[row] === 0 ? 0 : 1;
      const always = crowd === 1 || (isKeypoints && truth.keypointCount(row) === 0);
      const area = truth.areas[row]!;
      if (Number.isNaN(area)) throw new DataError(`CocoEval: expected an area for object ${truth.ids[row]}, got none`);
      for (let a = 0; a < areas; a++) {
        const ignored = always || area < this.#lowest[a]! || area > this.#highest[a]! ? 1 : 0;
        this.ignored[a]![g] = ignored;
        this.ignoredCounts[a]! += ignored;
      }
    }
    for (let d = 0; d < detections; d++) this.takes[d] = detected.ids[cells.detections[firstDetection + d]!]! > 0 ? 1 : 0;
  }

  /**
   * What becomes of a detection.
   * @param area index of the range
   * @param d number in the cell
   * @param match the object it takes, or -1
   */
  state(area: number, d: number, match: number): number {
    if (match !== -1) {
      if (this.ignored[area]![match] === 1) return IGNORED;
      if (this.#counts[match] === 1) return TRUE_POSITIVE;
    }
    return this.#stateUnmatched(area, d);
  }

  /**
   * Writes what becomes of a detection at each threshold.
   * @param matches [thresholds * detections]
   * @param states written from `at` on, as many as there are thresholds
   * @returns 1 unless all of them are IGNORED
   */
  writeStates(area: number, d: number, matches: Int32Array, states: Uint8Array, at: number, thresholds: number): 0 | 1 {
    let relevant: 0 | 1 = 0;
    const unmatched = this.#stateUnmatched(area, d);
    const ignored = this.ignored[area]!;
    const counts = this.#counts;
    for (let t = 0, i = d; t < thresholds; t++, i += this.detections) {
      const match = matches[i]!;
      const state = match === -1 ? unmatched : ignored[match] === 1 ? IGNORED : counts[match] === 1 ? TRUE_POSITIVE : unmatched;
      states[at + t] = state;
      if (state !== IGNORED) relevant = 1;
    }
    return relevant;
  }

  #stateUnmatched(area: number, d: number): number {
    const size = this.#evaluation.ious.detectionAreas[this.firstDetection + d]!;
    return size < this.#lowest[area]! || size > this.#highest[area]! ? IGNORED : FALSE_POSITIVE;
  }

  #grow(): void {
    const room = 2 * this.truths;
    this.isCrowd = new Uint8Array(room);
    this.#counts = new Uint8Array(room);
    this.ignored.forEach((_, a) => {
      this.ignored[a] = new Uint8Array(room);
    });
    this.takes = new Uint8Array(2 * this.detections);
  }
}
