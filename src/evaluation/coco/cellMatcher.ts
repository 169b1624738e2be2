// The WebAssembly that matches detections with objects: assembly/matchKernel.ts compiled.
// Source: pycocotools 2.0.11, COCOeval.evaluateImg: which objects count.

import { loadKernel, type KernelGlobal } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';
import type { DetectionStates, Evaluation } from './detectionStates.ts';
import { addressOf, inMemory } from './kernelMemory.ts';
import { MATCH_KERNEL } from './matchKernelCode.ts';

/** Columns in the kernel's memory. */
type Column =
  'thresholds' | 'lowest' | 'highest' | 'categories' | 'truthStarts' | 'detectionStarts' | 'iouStarts' | 'truthFlags' | 'truthAreas' |
  'takes' | 'detectionAreas' | 'ious' | 'states' | 'truthCounts' | 'ignored' | 'matches';

interface Exports extends Readonly<Record<Column, KernelGlobal>> {
  readonly memory: { readonly buffer: ArrayBuffer };
  begin(
    thresholds: number, areas: number, classes: number, cells: number, truths: number, detections: number, ious: number,
    mostTruths: number, mostDetections: number, mostIous: number,
  ): void;
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

// What is known of an object.
const CROWD = 1; // may be taken many times
const COUNTS = 2; // its being found counts: pycocotools knows a match by the object's id, and 0 is none
const ALWAYS_IGNORED = 4;

/** Cells are matched in batches of about so many IoUs, objects and detections, so that the kernel's memory stays small. */
const batchSize = 2 ** 20;

interface Batch {
  readonly first: number;
  readonly end: number;
}

/** Matches the cells of one evaluation. */
export class CellMatcher {
  readonly #evaluation: Evaluation;
  readonly #code = loadKernel(MATCH_KERNEL) as Exports;
  readonly #batches: readonly Batch[];
  readonly #mostTruths: number;
  /** Numbers of thresholds, area ranges and classes. */
  readonly #T: number;
  readonly #A: number;
  readonly #K: number;
  /** The batch in the kernel's memory. */
  #loaded: Batch | undefined;

  constructor(evaluation: Evaluation) {
    const { cells, ious, parameters: { iouThresholds, areaRanges, categoryIds, useCats } } = evaluation;
    const { truthStarts, detectionStarts } = cells;
    this.#evaluation = evaluation;
    this.#batches = batchesOf(evaluation);
    [this.#T, this.#A, this.#K] = [iouThresholds.length, areaRanges.length, useCats ? categoryIds.length : 1];
    const [truths, mostTruths] = this.#sizes(truthStarts);
    const [detections, mostDetections] = this.#sizes(detectionStarts);
    const [values, mostIous] = this.#sizes(ious.starts);
    const cellCount = this.#batches.reduce((largest, { first, end }) => Math.max(largest, end - first), 0);
    inMemory(cells.detections.length, () => {
      this.#code.begin(this.#T, this.#A, this.#K, cellCount, truths, detections, values, mostTruths, mostDetections, mostIous);
    });
    this.#mostTruths = mostTruths;
    this.#doubles('thresholds', this.#T).set(iouThresholds.map((threshold) => Math.min(threshold, 1 - 1e-10)));
    this.#doubles('lowest', this.#A).set(areaRanges.map(([low]) => low));
    this.#doubles('highest', this.#A).set(areaRanges.map(([, high]) => high));
  }

  /**
   * What becomes of all detections. Once only: objects are counted as they are met.
   * @throws DataError naming the object without an area
   */
  label(): DetectionStates {
    const { detections, detectionStarts } = this.#evaluation.cells;
    const perDetection = this.#A * this.#T;
    const states = new Uint8Array(detections.length * perDetection);
    for (const batch of this.#batches) {
      this.#load(batch);
      // In many calls: what JavaScript calls often is compiled better than what runs on and on.
      const cellCount = batch.end - batch.first;
      for (let cell = 0; cell < cellCount; cell += 64) this.#code.label(cell, Math.min(cell + 64, cellCount));
      const start = detectionStarts[batch.first]!;
      const count = detectionStarts[batch.end]! - start;
      states.set(this.#bytes('states', count * perDetection), start * perDetection);
    }
    return { states, truthCounts: this.#integers('truthCounts', this.#K * this.#A).slice() };
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
    const states = this.#bytes('states', (firstDetection + detections) * this.#A * this.#T);
    return {
      matches: new Int32Array(this.#code.memory.buffer, addressOf(this.#code.matches), this.#T * detections),
      ignored: new Uint8Array(this.#code.memory.buffer, addressOf(this.#code.ignored) + area * this.#mostTruths, truths),
      state: (detection, threshold) => states[((firstDetection + detection) * this.#A + area) * this.#T + threshold]!,
    };
  }

  /** Copies a batch into the kernel's memory. */
  #load(batch: Batch): void {
    const { cells, ious, truth, detected, parameters } = this.#evaluation;
    const { first, end } = batch;
    this.#loaded = batch;
    this.#integers('categories', end - first).set(cells.categories.subarray(first, end));
    this.#integers('truthStarts', end - first + 1).set(cells.truthStarts.subarray(first, end + 1));
    this.#integers('detectionStarts', end - first + 1).set(cells.detectionStarts.subarray(first, end + 1));
    this.#doubles('iouStarts', end - first + 1).set(ious.starts.subarray(first, end + 1));
    const truths = cells.truths.subarray(cells.truthStarts[first], cells.truthStarts[end]);
    const flags = this.#bytes('truthFlags', truths.length);
    const areas = this.#doubles('truthAreas', truths.length);
    const isKeypoints = parameters.iouType === 'keypoints';
    const { isCrowd, ids, areas: allAreas } = truth;
    for (let g = 0; g < truths.length; g++) {
      const row = truths[g]!;
      const crowd = isCrowd[row] === 1 ? CROWD | ALWAYS_IGNORED : 0;
      const hidden = isKeypoints && truth.keypointCount(row) === 0 ? ALWAYS_IGNORED : 0;
      flags[g] = crowd | hidden | (ids[row] === 0 ? 0 : COUNTS);
      areas[g] = allAreas[row]!;
      if (Number.isNaN(areas[g])) throw new DataError(`CocoEval: expected an area for object ${ids[row]}, got none`);
    }
    const [firstDetection, detectionEnd] = [cells.detectionStarts[first]!, cells.detectionStarts[end]!];
    const takes = this.#bytes('takes', detectionEnd - firstDetection);
    const { detections } = cells;
    const { ids: detectionIds } = detected;
    // pycocotools tells that an object is taken by the detection's id being above 0.
    for (let d = 0; d < takes.length; d++) takes[d] = detectionIds[detections[firstDetection + d]!]! > 0 ? 1 : 0;
    this.#doubles('detectionAreas', takes.length).set(ious.detectionAreas.subarray(firstDetection, detectionEnd));
    const values = ious.values.subarray(ious.starts[first], ious.starts[end]);
    this.#doubles('ious', values.length).set(values);
  }

  /** What the largest batch has of this, and the largest cell. */
  #sizes(starts: Uint32Array | Float64Array): [batch: number, cell: number] {
    let [largest, widest] = [0, 0];
    for (const { first, end } of this.#batches) {
      largest = Math.max(largest, starts[end]! - starts[first]!);
      for (let cell = first; cell < end; cell++) widest = Math.max(widest, starts[cell + 1]! - starts[cell]!);
    }
    return [largest, widest];
  }

  #bytes(name: Column, length: number): Uint8Array {
    return new Uint8Array(this.#code.memory.buffer, addressOf(this.#code[name]), length);
  }

  #integers(name: Column, length: number): Uint32Array {
    return new Uint32Array(this.#code.memory.buffer, addressOf(this.#code[name]), length);
  }

  #doubles(name: Column, length: number): Float64Array {
    return new Float64Array(this.#code.memory.buffer, addressOf(this.#code[name]), length);
  }
}

/** All cells, in turn. A cell that is larger than a batch is one of its own. */
function batchesOf({ cells, ious }: Evaluation): Batch[] {
  const sizeTo = (cell: number) => ious.starts[cell]! + cells.truthStarts[cell]! + cells.detectionStarts[cell]!;
  const batches: Batch[] = [];
  for (let first = 0; first < cells.count;) {
    let end = first + 1;
    while (end < cells.count && sizeTo(end + 1) - sizeTo(first) <= batchSize) end++;
    batches.push({ first, end });
    first = end;
  }
  return batches;
}
