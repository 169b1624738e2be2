// What a reader of an evaluation's numbers should know about its files.

import type { CocoEval } from './cocoEval.ts';

/** One sentence for each peculiarity that moves numbers without being an error; none for most files. */
export function evaluationNotes({ evaluation, detections, parameters }: CocoEval): string[] {
  const { cells: { truths }, truth } = evaluation;
  const notes: string[] = [];
  const seen = new Uint8Array(truth.count);
  let [zeros, repeated] = [0, 0];
  for (const row of truths) {
    if (truth.ids[row] === 0) zeros++;
    repeated += seen[row]!;
    seen[row] = 1;
  }
  if (zeros > 0) {
    notes.push(`${zeros} of the objects ${zeros === 1 ? 'has' : 'have'} annotation id 0, which counts as not found whatever matches it, ` +
      'as in pycocotools, where a match with 0 is none: number annotations from 1 (TIDE does not look at ids)');
  }
  if (parameters.useCats && repeated > 0) {
    notes.push(`${repeated} of the objects ${repeated === 1 ? 'has' : 'have'} the id of a later annotation, which stands for ` +
      `${repeated === 1 ? 'it' : 'them'} here, as in pycocotools: the numbers cannot be trusted; mpvg coco validate names them`);
  }
  const boxes = parameters.iouType === 'segm' ? detections.annotations.countBoxMasks?.() ?? 0 : 0;
  if (boxes > 0) {
    notes.push(`${boxes} of the ${detections.annotations.count} results ${boxes === 1 ? 'holds' : 'hold'} no mask: the rectangle of the box ` +
      'was compared instead, as pycocotools does');
  }
  return notes;
}
