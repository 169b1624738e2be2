// Which detection of a cell takes which object, and what becomes of it. Detections choose in the order of their scores, each the
// object it covers best among those that are left; an object to be ignored only if there is no other. What JavaScript calls is
// described in ../cellMatcher.ts. Source: pycocotools 2.0.11, COCOeval.evaluateImg.

import { column } from '../../../data/coco/assembly/buffer';

/** As in ../detectionStates.ts. */
const FALSE_POSITIVE: u8 = 0;
const TRUE_POSITIVE: u8 = 1;
const IGNORED: u8 = 2;

/** Numbers of IoU thresholds and area ranges. */
let T: i32 = 0;
let A: i32 = 0;

/** [T] [f64] */
export let thresholds: usize = 0;
/** [A] bounds of the area ranges. [f64] */
export let lowest: usize = 0;
export let highest: usize = 0;

// The tables' columns, by row.
/** Of objects: ids, areas in px² [f64], 1 for a crowd [u8], 1 for what never counts [u8]. */
export let truthIds: usize = 0;
export let truthAreas: usize = 0;
export let isCrowd: usize = 0;
export let isHidden: usize = 0;
/** Ids of detections. [f64] */
export let detectionIds: usize = 0;

// Some cells of the evaluation.
/** [cells] class. [u32] */
export let categories: usize = 0;
/** [cells + 1] first of a cell's objects, detections and IoUs among all of the evaluation. [u32, u32, f64] */
export let truthStarts: usize = 0;
export let detectionStarts: usize = 0;
export let iouStarts: usize = 0;
/** Rows of their objects and detections. [u32] */
export let truths: usize = 0;
export let detections: usize = 0;
/** [detections] px². [f64] */
export let detectionAreas: usize = 0;
/** Of a cell: [detections, objects]. [f64] */
export let ious: usize = 0;

/** [detections, A, T] results. [u8] */
export let states: usize = 0;
/** [K, A] objects that are not ignored: those of labelled cells are added. [u32] */
export let truthCounts: usize = 0;

/** Of the open cell, for an area range: [A, room] 1 where an object is to be ignored. [u8] */
export let ignored: usize = 0;
/** Of the open cell, for the range matched last: [T, D] the object that each detection takes, or -1. [i32] */
export let matches: usize = 0;
/** [T] 1 where a threshold lets in the same of its IoUs as the one before. [u8] */
let repeats: usize = 0;
/** [1 + G] what becomes of a detection that takes no object, or one. [u8] */
let stateOf: usize = 0;
/** [A] [i32] */
let ignoredCounts: usize = 0;
/** [G] 1 where an object is taken at a threshold. [u8] */
let taken: usize = 0;
/** The open cell's pairs that match at some threshold, by detection: [D + 1] first, [n] object, [n] IoU. [i32, i32, f64] */
let pairStarts: usize = 0;
let pairObjects: usize = 0;
let pairIous: usize = 0;

/** Most objects in some cells. */
let room: i32 = 0;
/** The open cell's objects and detections, the first detection, and the rows. */
let G: i32 = 0;
let D: i32 = 0;
let firstDetection: i32 = 0;
let truthRows: usize = 0;
let detectionRows: usize = 0;

/** Makes room for classes, for tables of so many rows, and for cells with so many objects, detections and IoUs at a time. */
export function begin(
  thresholdCount: i32, areas: i32, classes: i32, truthsInAll: i32, detectionsInAll: i32,
  cells: i32, truthCount: i32, detectionCount: i32, iouCount: i32,
): void {
  T = thresholdCount;
  A = areas;
  room = truthCount;
  thresholds = column(T, 8);
  lowest = column(A, 8);
  highest = column(A, 8);
  truthIds = column(truthsInAll, 8);
  truthAreas = column(truthsInAll, 8);
  isCrowd = column(truthsInAll, 1);
  isHidden = column(truthsInAll, 1);
  detectionIds = column(detectionsInAll, 8);
  categories = column(cells, 4);
  truthStarts = column(cells + 1, 4);
  detectionStarts = column(cells + 1, 4);
  iouStarts = column(cells + 1, 8);
  truths = column(truthCount, 4);
  detections = column(detectionCount, 4);
  detectionAreas = column(detectionCount, 8);
  ious = column(iouCount, 8);
  states = column(<u64>detectionCount * A * T, 1);
  truthCounts = column(<u64>classes * A, 4);
  // For one cell, which may have all: memory that is not touched costs nothing.
  ignored = column(<u64>A * room, 1);
  ignoredCounts = column(A, 4);
  taken = column(truthCount, 1);
  matches = column(<u64>T * detectionCount, 4);
  repeats = column(T, 1);
  stateOf = column(truthCount + 1, 1);
  pairStarts = column(detectionCount + 1, 4);
  pairObjects = column(iouCount, 4);
  pairIous = column(iouCount, 8);
}

/** The first of so many objects that has no area, or -1. */
export function withoutArea(count: i32): i32 {
  for (let i = 0; i < count; i++) if (isNaN(load<f64>(truthAreas + 8 * load<u32>(truths + 4 * i)))) return i;
  return -1;
}

/** Labels the detections of the cells from one on. */
export function label(first: i32, end: i32): void {
  for (let cell = first; cell < end; cell++) {
    open(cell);
    const counts = truthCounts + 4 * A * load<u32>(categories + 4 * cell);
    for (let a = 0; a < A; a++) store<u32>(counts + 4 * a, load<u32>(counts + 4 * a) + G - load<i32>(ignoredCounts + 4 * a));
    if (D === 0) continue;
    findPairs(cell);
    // Where all objects are ignored, or none is, the matches are the same ones: found once, first.
    let known = false;
    for (let a = 0; a < A; a++) {
      if (isMixed(a)) continue;
      if (!known) findMatches(a);
      known = true;
      writeStates(a);
    }
    for (let a = 0; a < A; a++) {
      if (!isMixed(a)) continue;
      findMatches(a);
      writeStates(a);
    }
  }
}

/** Matches one cell for one area range: `matches`, `ignored`, and its part of `states`. */
export function match(cell: i32, a: i32): void {
  open(cell);
  findPairs(cell);
  findMatches(a);
  writeStates(a);
}

/** Turns to a cell. */
function open(cell: i32): void {
  const firstTruth = load<u32>(truthStarts + 4 * cell);
  firstDetection = load<u32>(detectionStarts + 4 * cell) - load<u32>(detectionStarts);
  G = load<u32>(truthStarts + 4 * cell + 4) - firstTruth;
  D = load<u32>(detectionStarts + 4 * cell + 4) - load<u32>(detectionStarts + 4 * cell);
  truthRows = truths + 4 * (firstTruth - load<u32>(truthStarts));
  detectionRows = detections + 4 * firstDetection;
  for (let a = 0; a < A; a++) store<i32>(ignoredCounts + 4 * a, 0);
  for (let g = 0; g < G; g++) {
    const row = load<u32>(truthRows + 4 * g);
    const area = load<f64>(truthAreas + 8 * row);
    const always = i32(load<u8>(isCrowd + row) === 1) | load<u8>(isHidden + row);
    for (let a = 0; a < A; a++) {
      const isIgnored = always | i32(area < load<f64>(lowest + 8 * a)) | i32(area > load<f64>(highest + 8 * a));
      store<u8>(ignored + a * room + g, isIgnored);
      store<i32>(ignoredCounts + 4 * a, load<i32>(ignoredCounts + 4 * a) + isIgnored);
    }
  }
}

function isMixed(a: i32): bool {
  const count = load<i32>(ignoredCounts + 4 * a);
  return count > 0 && count < G;
}

/** Lists the pairs of the open cell that match at some threshold, and the thresholds that let in the same ones. */
function findPairs(cell: i32): void {
  const first = load<f64>(iouStarts + 8 * cell);
  // pycocotools matches nothing where it compared nothing.
  const compared = load<f64>(iouStarts + 8 * cell + 8) > first;
  const values = ious + 8 * <u32>(first - load<f64>(iouStarts));
  let least = Infinity;
  for (let t = 0; t < T; t++) least = min(least, load<f64>(thresholds + 8 * t));
  memory.fill(repeats, 1, T);
  store<u8>(repeats, 0);
  let count = 0;
  for (let d = 0; d < D; d++) {
    store<i32>(pairStarts + 4 * d, count);
    if (!compared) continue;
    for (let g = 0; g < G; g++) {
      const iou = load<f64>(values + 8 * (d * G + g));
      if (iou < least) continue;
      note(iou);
      store<i32>(pairObjects + 4 * count, g);
      store<f64>(pairIous + 8 * count++, iou);
    }
  }
  store<i32>(pairStarts + 4 * D, count);
}

/** Notes which thresholds let in an IoU that the one before keeps out, or the other way round. NaN is let in by all. */
function note(iou: f64): void {
  let before = iou < load<f64>(thresholds);
  for (let t = 1; t < T; t++) {
    const now = iou < load<f64>(thresholds + 8 * t);
    if (now !== before) store<u8>(repeats + t, 0);
    before = now;
  }
}

/** Matches the open cell at each threshold. */
function findMatches(a: i32): void {
  // Variables of the module cost a load each time: loops have theirs in locals.
  const isIgnored = ignored + a * room;
  const ids = detectionIds;
  const rowBytes = 4 * D;
  let row = matches;
  for (let t = 0; t < T; t++) {
    if (load<u8>(repeats + t) === 1) {
      for (let at = row; at < row + rowBytes; at += 4) store<i32>(at, load<i32>(at - rowBytes));
    } else {
      const threshold = load<f64>(thresholds + 8 * t);
      for (let g = 0; g < G; g++) store<u8>(taken + g, 0);
      for (let d = 0; d < rowBytes; d += 4) {
        const found = choose(pairStarts + d, threshold, isIgnored);
        store<i32>(row + d, found);
        // pycocotools tells that an object is taken by the detection's id being above 0.
        if (found !== -1 && load<f64>(ids + 8 * load<u32>(detectionRows + d)) > 0) store<u8>(taken + found, 1);
      }
    }
    row += rowBytes;
  }
}

/** The object that a detection takes, or -1. @param pairs where the number of its first pair stands, before that of the next */
function choose(pairs: usize, threshold: f64, isIgnored: usize): i32 {
  const end = load<i32>(pairs + 4);
  const objects = pairObjects;
  const ious = pairIous;
  let found = -1;
  let iou = threshold;
  let foundIgnored = -1;
  let iouIgnored = threshold;
  for (let i = load<i32>(pairs); i < end; i++) {
    const g = load<i32>(objects + 4 * i);
    // A crowd may be taken many times.
    if (load<u8>(taken + g) === 1 && load<u8>(isCrowd + load<u32>(truthRows + 4 * g)) !== 1) continue;
    const value = load<f64>(ious + 8 * i);
    if (load<u8>(isIgnored + g) === 1) {
      if (value < iouIgnored) continue;
      iouIgnored = value;
      foundIgnored = g;
    } else {
      if (value < iou) continue;
      iou = value;
      found = g;
    }
  }
  return found === -1 ? foundIgnored : found;
}

/** Writes what becomes of the open cell's detections. */
function writeStates(a: i32): void {
  const low = load<f64>(lowest + 8 * a);
  const high = load<f64>(highest + 8 * a);
  const rowBytes = 4 * D;
  const end = matches + T * rowBytes;
  const table = stateOf + 1;
  const perDetection = A * T;
  let into = states + (firstDetection * A + a) * T;
  let inTable: i32 = -1;
  for (let d = 0; d < D; d++) {
    const area = load<f64>(detectionAreas + 8 * (firstDetection + d));
    const unmatched = area < low || area > high ? IGNORED : FALSE_POSITIVE;
    if (inTable !== <i32>unmatched) fillTable(a, unmatched);
    inTable = unmatched;
    let at = into;
    for (let match = matches + 4 * d; match < end; match += rowBytes) store<u8>(at++, load<u8>(table + load<i32>(match)));
    into += perDetection;
  }
}

function fillTable(a: i32, unmatched: u8): void {
  const table = stateOf + 1;
  const isIgnored = ignored + a * room;
  store<u8>(table - 1, unmatched);
  for (let g = 0; g < G; g++) {
    // pycocotools knows a match by the object's id, and 0 is none.
    const counts = load<f64>(truthIds + 8 * load<u32>(truthRows + 4 * g)) !== 0;
    store<u8>(table + g, load<u8>(isIgnored + g) === 1 ? IGNORED : counts ? TRUE_POSITIVE : unmatched);
  }
}
