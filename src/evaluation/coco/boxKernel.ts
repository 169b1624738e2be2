// The WebAssembly that compares boxes: assembly/boxKernel.ts compiled.

import type { AnnotationTable } from '../../data/coco/annotationTable.ts';
import { loadKernel } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';
import { BOX_KERNEL } from './boxKernelCode.ts';
import { cellBatches, inSteps } from './cellBatches.ts';
import type { EvaluationCells } from './cellKernel.ts';
import { inMemory, KernelColumns, type KernelExports } from './kernelMemory.ts';

/** Columns in the kernel's memory. */
type Column = 'truthBoxes' | 'detectionBoxes' | 'isCrowd' | 'truths' | 'detections' | 'truthStarts' | 'detectionStarts' | 'ious';

interface Exports extends KernelExports<Column> {
  begin(truthRows: number, detectionRows: number, truths: number, detections: number, cells: number, ious: number): void;
  withoutBox(ofTruths: boolean, count: number): number;
  compare(first: number, end: number, place: number): number;
}

/**
 * Compares every detection of a cell with every object in it.
 * @param starts [cells + 1] first of a cell's values
 * @param values written: a cell's are [detections, objects]
 * @throws DataError naming the annotation without a box
 */
export function compareBoxes(
  cells: EvaluationCells, truth: AnnotationTable, detected: AnnotationTable, starts: Float64Array, values: Float64Array,
): void {
  const { count, truths, detections, truthStarts, detectionStarts } = cells;
  const code = loadKernel(BOX_KERNEL) as Exports;
  const batches = cellBatches(count, (cell) => starts[cell]!);
  const most = batches.reduce((largest, { first, end }) => Math.max(largest, starts[end]! - starts[first]!), 0);
  inMemory(detected.count, () => { code.begin(truth.count, detected.count, truths.length, detections.length, count, most); });
  const columns = new KernelColumns<Column>(code);
  columns.doubles('truthBoxes', 4 * truth.count).set(truth.boxes);
  columns.doubles('detectionBoxes', 4 * detected.count).set(detected.boxes);
  columns.bytes('isCrowd', truth.count).set(truth.isCrowd);
  columns.integers('truths', truths.length).set(truths);
  columns.integers('detections', detections.length).set(detections);
  columns.integers('truthStarts', count + 1).set(truthStarts);
  columns.integers('detectionStarts', count + 1).set(detectionStarts);
  check(code.withoutBox(true, truths.length), truths, truth, 'object');
  check(code.withoutBox(false, detections.length), detections, detected, 'detection');
  for (const { first, end } of batches) {
    let place = 0;
    inSteps(first, end, (from, to) => { place = code.compare(from, to, place); });
    values.set(columns.doubles('ious', place), starts[first]);
  }
}

function check(without: number, rows: Uint32Array, { ids }: AnnotationTable, kind: string): void {
  if (without === -1) return;
  throw new DataError(`CocoEval: expected a bbox of four numbers for ${kind} ${ids[rows[without]!]}, got none; evaluate with iouType 'segm' if it has a mask`);
}
