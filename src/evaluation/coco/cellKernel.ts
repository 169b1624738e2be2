// The WebAssembly that sorts annotations into cells: assembly/cellKernel.ts compiled.

import { loadKernel, type KernelGlobal } from '../../data/kernelLoader.ts';
import { CELL_KERNEL } from './cellKernelCode.ts';
import type { EvaluationCells } from './evaluationCells.ts';
import { addressOf, inMemory } from './kernelMemory.ts';

/** Columns in the kernel's memory. */
type Column =
  'truthRows' | 'truthCategories' | 'truthImages' | 'detectionRows' | 'detectionCategories' | 'detectionImages' | 'scores' |
  'categories' | 'images' | 'truthStarts' | 'truths' | 'detectionStarts' | 'detections' | 'rankingStarts' | 'ranking' | 'ranks';

interface Exports extends Readonly<Record<Column, KernelGlobal>> {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly kept: KernelGlobal;
  begin(truths: number, detections: number, photos: number, classes: number): void;
  group(most: number): number;
}

/** Rows with the index of their class and of their photo. */
export interface PlacedRows {
  readonly rows: Uint32Array;
  readonly categories: Uint32Array;
  readonly images: Uint32Array;
}

export interface CellOptions {
  readonly truth: PlacedRows;
  readonly detected: PlacedRows;
  /** [detections] no NaN */
  readonly scores: Float64Array;
  readonly photos: number;
  readonly classes: number;
  /** Detections kept per cell. */
  readonly most: number;
}

/** Sorts annotations into cells; of equal ones, those that come first stay first. */
export function sortIntoCells({ truth, detected, scores, photos, classes, most }: CellOptions): EvaluationCells {
  const code = loadKernel(CELL_KERNEL) as Exports;
  inMemory(detected.rows.length, () => { code.begin(truth.rows.length, detected.rows.length, photos, classes); });
  const column = (name: Column, length: number) => new Uint32Array(code.memory.buffer, addressOf(code[name]), length);
  const put = (name: Column, values: Uint32Array): void => { column(name, values.length).set(values); };
  put('truthRows', truth.rows);
  put('truthCategories', truth.categories);
  put('truthImages', truth.images);
  put('detectionRows', detected.rows);
  put('detectionCategories', detected.categories);
  put('detectionImages', detected.images);
  new Float64Array(code.memory.buffer, addressOf(code.scores), scores.length).set(scores);
  const count = inMemory(detected.rows.length, () => code.group(most));
  const kept = code.kept.value;
  const take = (name: Column, length: number) => column(name, length).slice();
  return {
    count,
    categories: take('categories', count),
    images: take('images', count),
    truthStarts: take('truthStarts', count + 1),
    truths: take('truths', truth.rows.length),
    detectionStarts: take('detectionStarts', count + 1),
    detections: take('detections', kept),
    rankingStarts: take('rankingStarts', classes + 1),
    ranking: take('ranking', kept),
    ranks: take('ranks', kept),
  };
}
