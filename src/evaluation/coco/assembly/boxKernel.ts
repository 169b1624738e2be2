// Boxes of every detection of a cell against those of every object in it. What JavaScript calls is described in ../boxKernel.ts.
// Source: pycocotools 2.0.11, maskApi: bbIou.

import { column } from '../../../data/coco/assembly/buffer';

/** [rows, 4] x, y, width, height. [f64] */
export let truthBoxes: usize = 0;
export let detectionBoxes: usize = 0;
/** [rows] 1 for a crowd. [u8] */
export let isCrowd: usize = 0;
/** Rows of the cells' objects and detections. [u32] */
export let truths: usize = 0;
export let detections: usize = 0;
/** [cells + 1] first of a cell's objects and detections. [u32] */
export let truthStarts: usize = 0;
export let detectionStarts: usize = 0;
/** Results. [f64] */
export let ious: usize = 0;

/** Makes room for tables of so many rows, for cells with so many objects and detections, and for so many results at a time. */
export function begin(truthRows: i32, detectionRows: i32, truthCount: i32, detectionCount: i32, cells: i32, iouCount: i32): void {
  truthBoxes = column(<u64>truthRows * 4, 8);
  detectionBoxes = column(<u64>detectionRows * 4, 8);
  isCrowd = column(truthRows, 1);
  truths = column(truthCount, 4);
  detections = column(detectionCount, 4);
  truthStarts = column(cells + 1, 4);
  detectionStarts = column(cells + 1, 4);
  ious = column(iouCount, 8);
}

/** The first of so many objects, or detections, whose box lacks a number, or -1. */
export function withoutBox(ofTruths: bool, count: i32): i32 {
  const rows = ofTruths ? truths : detections;
  const boxes = ofTruths ? truthBoxes : detectionBoxes;
  for (let i = 0; i < count; i++) {
    const box = boxes + 32 * load<u32>(rows + 4 * i);
    if (isNaN(load<f64>(box) + load<f64>(box, 8) + load<f64>(box, 16) + load<f64>(box, 24))) return i;
  }
  return -1;
}

/** Compares in the cells from one on, and writes the results from a place on. @returns the place behind them */
export function compare(first: i32, end: i32, place: u32): u32 {
  let at = ious + 8 * place;
  for (let cell = first; cell < end; cell++) {
    const firstTruth = truths + 4 * load<u32>(truthStarts + 4 * cell);
    const truthEnd = truths + 4 * load<u32>(truthStarts + 4 * cell + 4);
    const detectionEnd = detections + 4 * load<u32>(detectionStarts + 4 * cell + 4);
    for (let d = detections + 4 * load<u32>(detectionStarts + 4 * cell); d < detectionEnd; d += 4) {
      const box = detectionBoxes + 32 * load<u32>(d);
      for (let g = firstTruth; g < truthEnd; g += 4) {
        const row = load<u32>(g);
        store<f64>(at, iou(box, truthBoxes + 32 * row, load<u8>(isCrowd + row) === 1));
        at += 8;
      }
    }
  }
  return <u32>((at - ious) >> 3);
}

/** Intersection over union; over the detection's area for a crowd. */
function iou(d: usize, g: usize, crowd: bool): f64 {
  const dx = load<f64>(d);
  const gx = load<f64>(g);
  const dw = load<f64>(d, 16);
  const gw = load<f64>(g, 16);
  const width = min(dw + dx, gw + gx) - max(dx, gx);
  if (width <= 0) return 0;
  const dy = load<f64>(d, 8);
  const gy = load<f64>(g, 8);
  const dh = load<f64>(d, 24);
  const gh = load<f64>(g, 24);
  const height = min(dh + dy, gh + gy) - max(dy, gy);
  if (height <= 0) return 0;
  const intersection = width * height;
  const area = dw * dh;
  return intersection / (crowd ? area : area + gw * gh - intersection);
}
