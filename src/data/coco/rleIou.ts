// How far masks, and boxes, cover each other. Source: the behaviour of pycocotools 2.0.11 (maskApi: rleIou, bbIou).

import { DataError } from '../../errors.ts';
import { MaskSet } from './maskSet.ts';
import type { Rle } from './rle.ts';

/** Making one takes longer than comparing a few masks. */
let masks: MaskSet | undefined;

/**
 * Intersection over union of each detection with each ground truth; over the detection's area where the ground truth is a crowd.
 * @param isCrowd [truths]; default: none is
 * @returns [detections * truths], a detection's values in a row; -1 for masks of different sizes whose boxes overlap
 * @throws DataError for runs that do not add up, or another number of crowd flags
 */
export function rleIou(detections: readonly Rle[], truths: readonly Rle[], isCrowd?: ArrayLike<number | boolean>): Float64Array {
  checkFlags(isCrowd, truths.length, 'rleIou');
  masks ??= new MaskSet();
  const set = masks;
  set.clear();
  const add = ({ counts, height, width }: Rle): number => set.addCounts(counts, height, width);
  const d = detections.map(add);
  const g = truths.map(add);
  const ious = new Float64Array(d.length * g.length);
  for (let i = 0; i < d.length; i++) {
    for (let j = 0; j < g.length; j++) ious[i * g.length + j] = set.iou(d[i]!, g[j]!, Boolean(isCrowd?.[j]));
  }
  return ious;
}

/**
 * The same of boxes.
 * @param detections [4 * detections] x, y, width, height in px
 * @param truths [4 * truths] alike
 * @param isCrowd [truths]; default: none is
 * @returns [detections * truths], a detection's values in a row
 * @throws DataError for numbers that do not make whole boxes, or another number of crowd flags
 */
export function boxIou(detections: Float64Array, truths: Float64Array, isCrowd?: ArrayLike<number | boolean>): Float64Array {
  for (const [name, { length }] of [['detections', detections], ['truths', truths]] as const) {
    if (length % 4 !== 0) throw new DataError(`boxIou: expected four numbers per box for ${name}, got ${length} numbers`);
  }
  const rows = detections.length / 4;
  const columns = truths.length / 4;
  checkFlags(isCrowd, columns, 'boxIou');
  const ious = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) ious[i * columns + j] = iouOfBoxes(detections, 4 * i, truths, 4 * j, Boolean(isCrowd?.[j]));
  }
  return ious;
}

/** Intersection over union of the boxes x, y, width, height that start at `d` and `g`; over the detection's area for a crowd. */
function iouOfBoxes(detections: Float64Array, d: number, truths: Float64Array, g: number, isCrowd: boolean): number {
  const dx = detections[d]!;
  const gx = truths[g]!;
  const dw = detections[d + 2]!;
  const gw = truths[g + 2]!;
  const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx);
  if (width <= 0) return 0;
  const dy = detections[d + 1]!;
  const gy = truths[g + 1]!;
  const dh = detections[d + 3]!;
  const gh = truths[g + 3]!;
  const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy);
  if (height <= 0) return 0;
  const intersection = width * height;
  const area = dw * dh;
  return intersection / (isCrowd ? area : area + gw * gh - intersection);
}

function checkFlags(isCrowd: ArrayLike<number | boolean> | undefined, truths: number, where: string): void {
  if (isCrowd === undefined || isCrowd.length === truths) return;
  throw new DataError(`${where}: expected one value per ground truth (${truths}) for isCrowd, got ${isCrowd.length}`);
}
