// The WebAssembly that sorts annotations into cells: assembly/cellKernel.ts compiled.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { loadKernel, type KernelGlobal } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';
import { CELL_KERNEL } from './cellKernelCode.ts';
import type { CocoParameters } from './cocoParameters.ts';
import { inMemory, KernelColumns, type KernelExports } from './kernelMemory.ts';

/** Annotations by class and photo: see evaluationCells.ts. */
export interface EvaluationCells {
  /** Number of cells. They are in the order of their class, then of their photo. */
  readonly count: number;
  /** [count] index into categoryIds; 0 without useCats. */
  readonly categories: Uint32Array;
  /** [count] index into imageIds. */
  readonly images: Uint32Array;
  /** [count + 1] first of the cell's rows in `truths`. */
  readonly truthStarts: Uint32Array;
  /** Rows of the ground truth, a cell's in the file's order. */
  readonly truths: Uint32Array;
  /** [count + 1] first of the cell's rows in `detections`. */
  readonly detectionStarts: Uint32Array;
  /** Rows of the detections, a cell's by score, best first, at most the largest of maxDets. */
  readonly detections: Uint32Array;
  /** [K + 1] first of a class's rows in `ranking`. */
  readonly rankingStarts: Uint32Array;
  /** Places in `detections` by class, then by score over all photos. */
  readonly ranking: Uint32Array;
  /** [detections] place of a detection in its cell, from 0 on. */
  readonly ranks: Uint32Array;
}

/** Columns in the kernel's memory. */
type Column =
  'ids' | 'truthPhotoIds' | 'truthClassIds' | 'detectionPhotoIds' | 'detectionClassIds' | 'scores' | 'photoIds' | 'classIds' |
  'truthOrder' | 'detectionOrder' | 'categories' | 'images' | 'truthStarts' | 'truths' | 'detectionStarts' | 'detections' |
  'rankingStarts' | 'ranking' | 'ranks';

interface Exports extends KernelExports<Column> {
  readonly kept: KernelGlobal;
  readonly scoreless: KernelGlobal;
  begin(truths: number, detections: number, photos: number, classes: number, keepApart: boolean): void;
  checkIds(count: number): number;
  place(truths: number, truthsListed: number, detections: number, detectionsListed: number): void;
  group(most: number): number;
}

/** Sorts the annotations of an evaluation into cells; of equal ones, those that come first stay first. */
export class CellKernel {
  readonly #code = loadKernel(CELL_KERNEL) as Exports;
  readonly #columns = new KernelColumns<Column>(this.#code);
  readonly #parameters: CocoParameters;
  readonly #truth: AnnotationTable;
  readonly #detected: AnnotationTable;

  /** @throws DataError when there are too many annotations for WebAssembly's memory */
  constructor(truth: AnnotationTable, detected: AnnotationTable, parameters: CocoParameters) {
    const { imageIds, categoryIds, useCats } = parameters;
    [this.#truth, this.#detected, this.#parameters] = [truth, detected, parameters];
    const [photos, classes] = [imageIds.length, categoryIds.length];
    inMemory(detected.count, () => { this.#code.begin(truth.count, detected.count, photos, classes, useCats); });
    this.#columns.doubles('photoIds', photos).set(imageIds);
    this.#columns.doubles('classIds', classes).set(categoryIds);
  }

  /** Whether one of the ids occurs twice, or else the first row without one. */
  checkIds(ids: Float64Array): { readonly repeated: boolean; readonly missing: number | undefined } {
    this.#columns.doubles('ids', ids.length).set(ids);
    const found = inMemory(ids.length, () => this.#code.checkIds(ids.length));
    return { repeated: found === -1, missing: found < 0 ? undefined : found };
  }

  /**
   * Sorts.
   * @param truthRows the objects' rows to look at, in this order; undefined for all
   * @param detectionRows of the detections alike
   * @throws DataError naming a detection without a score, or when there are too many for WebAssembly's memory
   */
  sort(truthRows: Uint32Array | undefined, detectionRows: Uint32Array | undefined): EvaluationCells {
    const code = this.#code;
    const [truth, detected] = [this.#truth, this.#detected];
    this.#columns.doubles('truthPhotoIds', truth.count).set(truth.imageIds);
    this.#columns.doubles('truthClassIds', truth.count).set(truth.categoryIds);
    this.#columns.doubles('detectionPhotoIds', detected.count).set(detected.imageIds);
    this.#columns.doubles('detectionClassIds', detected.count).set(detected.categoryIds);
    this.#columns.doubles('scores', detected.count).set(detected.scores);
    if (truthRows) this.#columns.integers('truthOrder', truthRows.length).set(truthRows);
    if (detectionRows) this.#columns.integers('detectionOrder', detectionRows.length).set(detectionRows);
    inMemory(detected.count, () => {
      code.place(truth.count, truthRows?.length ?? -1, detected.count, detectionRows?.length ?? -1);
    });
    const scoreless = code.scoreless.value;
    if (scoreless !== -1) {
      throw new DataError(`CocoEval: expected a score for each detection, got none for detection ${detected.ids[scoreless]}; write one, the same for all where none is better`);
    }
    const count = inMemory(detected.count, () => code.group(this.#parameters.maxDets.at(-1)!));
    const kept = code.kept.value;
    const take = (name: Column, length: number) => this.#columns.integers(name, length).slice();
    const truthStarts = take('truthStarts', count + 1);
    return {
      count,
      categories: take('categories', count),
      images: take('images', count),
      truthStarts,
      truths: take('truths', truthStarts[count]!),
      detectionStarts: take('detectionStarts', count + 1),
      detections: take('detections', kept),
      rankingStarts: take('rankingStarts', (this.#parameters.useCats ? this.#parameters.categoryIds.length : 1) + 1),
      ranking: take('ranking', kept),
      ranks: take('ranks', kept),
    };
  }
}
