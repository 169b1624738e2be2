// The WebAssembly that matches detections with objects: assembly/matchKernel.ts compiled.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg: which objects count.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { loadKernel } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';
import { cellBatches, inSteps, type CellBatch } from './cellBatches.ts';
import type { DetectionStates, Evaluation } from './detectionStates.ts';
import { labelledCount } from './keypointSimilarity.ts';
import { inMemory, KernelColumns, type KernelExports } from './kernelMemory.ts';
import { MATCH_KERNEL } from './matchKernelCode.ts';

/** Columns in the kernel's memory. */
type Column =
  'thresholds' | 'lowest' | 'highest' | 'truthIds' | 'truthAreas' | 'isCrowd' | 'isHidden' | 'detectionIds' | 'categories' |
  'truthStarts' | 'detectionStarts' | 'iouStarts' | 'truths' | 'detections' | 'detectionAreas' | 'ious' | 'states' | 'truthCounts' |
  'ignored' | 'matches';

interface Exports extends KernelExports<Column> {
  begin(
    thresholds: number, areas: number, classes: number, truthRows: number, detectionRows: number,
    cells: number, truths: number, detections: number, ious: number,
  ): void;
  withoutArea(count: number): number;
  label(first: number, end: number): void;
  match(cell: number, area: number): void;
}

/** Matches of one cell for one area range. Objects are in the file's order, detections by score. */
export interface CellMatch {
  /** [T, detections] the object that each detection takes, or -1. In the kernel's memory: the next call overwrites it. */
  readonly matches: Int32Array;
  /** [objects] 1 where it is to be ignored. In the kernel's memory. */
  readonly ignored: Uint8Array;
  /** What becomes of a detection at a threshold, until the next call. */
  readonly state: (detection: number, threshold: number) => number;
}

/** Matches the cells of one evaluation. */
export class CellMatcher {
  readonly #evaluation: Evaluation;
  readonly #code = loadKernel(MATCH_KERNEL) as Exports;
  readonly #columns = new KernelColumns<Column>(this.#code);
  readonly #batches: readonly CellBatch[];
  /** Most objects of a batch. */
  readonly #mostTruths: number;
  /** Numbers of thresholds, area ranges and classes. */
  readonly #T: number;
  readonly #A: number;
  readonly #K: number;
  /** The batch in the kernel's memory. */
  #loaded: CellBatch | undefined;

  constructor(evaluation: Evaluation) {
    const { cells, ious, truth, detected, parameters: { iouType, iouThresholds, areaRanges, categoryIds, useCats } } = evaluation;
    const { count, truthStarts, detectionStarts } = cells;
    this.#evaluation = evaluation;
    this.#batches = cellBatches(count, (cell) => ious.starts[cell]! + truthStarts[cell]! + detectionStarts[cell]!);
    [this.#T, this.#A, this.#K] = [iouThresholds.length, areaRanges.length, useCats ? categoryIds.length : 1];
    const largest = (sizeTo: (cell: number) => number) =>
      this.#batches.reduce((most, { first, end }) => Math.max(most, sizeTo(end) - sizeTo(first)), 0);
    this.#mostTruths = largest((cell) => truthStarts[cell]!);
    const batch = [this.#mostTruths, largest((cell) => detectionStarts[cell]!), largest((cell) => ious.starts[cell]!)] as const;
    inMemory(detected.count, () => {
      this.#code.begin(this.#T, this.#A, this.#K, truth.count, detected.count, largest((cell) => cell), ...batch);
    });
    this.#columns.doubles('truthIds', truth.count).set(truth.ids);
    this.#columns.doubles('truthAreas', truth.count).set(truth.areas);
    this.#columns.bytes('isCrowd', truth.count).set(truth.isCrowd);
    if (iouType === 'keypoints') {
      const isHidden = this.#columns.bytes('isHidden', truth.count);
      for (let row = 0; row < truth.count; row++) isHidden[row] = hasNoKeypoints(truth, row) ? 1 : 0;
    }
    this.#columns.doubles('detectionIds', detected.count).set(detected.ids);
    this.#columns.doubles('thresholds', this.#T).set(iouThresholds.map((threshold) => Math.min(threshold, 1 - 1e-10)));
    this.#columns.doubles('lowest', this.#A).set(areaRanges.map(([low]) => low));
    this.#columns.doubles('highest', this.#A).set(areaRanges.map(([, high]) => high));
  }

  /**
   * What becomes of all detections.
   * @throws DataError naming the object without an area
   */
  label(): DetectionStates {
    const { detections, detectionStarts } = this.#evaluation.cells;
    const perDetection = this.#A * this.#T;
    const states = new Uint8Array(detections.length * perDetection);
    const truthCounts = () => this.#columns.integers('truthCounts', this.#K * this.#A);
    truthCounts().fill(0);
    for (const batch of this.#batches) {
      this.#load(batch);
      inSteps(0, batch.end - batch.first, (first, end) => { this.#code.label(first, end); });
      const start = detectionStarts[batch.first]!;
      const count = detectionStarts[batch.end]! - start;
      states.set(this.#columns.bytes('states', count * perDetection), start * perDetection);
    }
    return { states, truthCounts: truthCounts().slice() };
  }

  /**
   * Matches one cell for one area range.
   * @throws DataError naming the object without an area
   */
  match(cell: number, area: number): CellMatch {
    const { truthStarts, detectionStarts } = this.#evaluation.cells;
    const batch = this.#batches.find(({ end }) => cell < end)!;
    if (this.#loaded !== batch) this.#load(batch);
    this.#code.match(cell - batch.first, area);
    const truths = truthStarts[cell + 1]! - truthStarts[cell]!;
    const firstDetection = detectionStarts[cell]! - detectionStarts[batch.first]!;
    const detections = detectionStarts[cell + 1]! - detectionStarts[cell]!;
    const states = this.#columns.bytes('states', (firstDetection + detections) * this.#A * this.#T);
    return {
      matches: this.#columns.signed('matches', this.#T * detections),
      ignored: this.#columns.bytes('ignored', truths, area * this.#mostTruths),
      state: (detection, threshold) => states[((firstDetection + detection) * this.#A + area) * this.#T + threshold]!,
    };
  }

  /** Copies a batch into the kernel's memory. */
  #load(batch: CellBatch): void {
    const { cells, ious, truth } = this.#evaluation;
    const { first, end } = batch;
    this.#loaded = undefined;
    this.#columns.integers('categories', end - first).set(cells.categories.subarray(first, end));
    this.#columns.integers('truthStarts', end - first + 1).set(cells.truthStarts.subarray(first, end + 1));
    this.#columns.integers('detectionStarts', end - first + 1).set(cells.detectionStarts.subarray(first, end + 1));
    this.#columns.doubles('iouStarts', end - first + 1).set(ious.starts.subarray(first, end + 1));
    const truths = cells.truths.subarray(cells.truthStarts[first], cells.truthStarts[end]);
    this.#columns.integers('truths', truths.length).set(truths);
    const detections = [cells.detectionStarts[first], cells.detectionStarts[end]] as const;
    const rows = cells.detections.subarray(...detections);
    this.#columns.integers('detections', rows.length).set(rows);
    this.#columns.doubles('detectionAreas', rows.length).set(ious.detectionAreas.subarray(...detections));
    const values = ious.values.subarray(ious.starts[first], ious.starts[end]);
    this.#columns.doubles('ious', values.length).set(values);
    const without = this.#code.withoutArea(truths.length);
    if (without !== -1) throw new DataError(`CocoEval: expected an area for object ${truth.ids[truths[without]!]}, got none; write its mask's area, or width * height of its box`);
    this.#loaded = batch;
  }
}

/** Whether none is labelled, as num_keypoints says, or the keypoints themselves where it is missing (pycocotools: KeyError). */
function hasNoKeypoints(truth: AnnotationTable, row: number): boolean {
  const count = truth.keypointCount(row);
  if (!Number.isNaN(count)) return count === 0;
  const keypoints = truth.keypoints(row);
  return keypoints !== undefined && labelledCount(keypoints) === 0;
}
