// A thread that helps to compare masks.

import { parentPort } from 'node:worker_threads';
import type { SegmentationText } from '../../data/coco/annotationTable.ts';
import { segmentationReader } from '../../data/coco/segmentationText.ts';
import { MaskComparer, type MaskSource } from './maskCells.ts';
import { ACTIVE, DONE, FAILED, takeCells, type MaskWork } from './maskHelp.ts';

parentPort?.once('message', ({ cells, truth, detections, state }: MaskWork) => {
  Atomics.add(state, ACTIVE, 1);
  try {
    const comparer = new MaskComparer(cells, sourceOf(truth), sourceOf(detections));
    takeCells(comparer, cells.count, state, () => Atomics.add(state, DONE, 1));
  } catch {
    // Who waits does everything again and meets the first fault itself.
    Atomics.store(state, FAILED, 1);
  } finally {
    Atomics.sub(state, ACTIVE, 1);
    Atomics.notify(state, ACTIVE);
  }
});

function sourceOf(text: SegmentationText): MaskSource {
  return { text, read: segmentationReader(text), describe: (error) => error };
}
