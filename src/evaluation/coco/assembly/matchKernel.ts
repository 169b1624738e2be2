// Which detection of a cell takes which object, and what becomes of it. Detections choose in the order of their scores, each the
// object it covers best among those that are left; an object to be ignored only if there is no other. What JavaScript calls is
// described in ../cellMatcher.ts. Source: pycocotools 2.0.11, COCOeval.evaluateImg.

import { column } from '../../../data/coco/assembly/buffer';

/** As in ../detectionStates.ts. */
const FALSE_POSITIVE: u8 = 0;
const TRUE_POSITIVE: u8 = 1;
const IGNORED: u8 = 2;

/** As in ../cellMatcher.ts. */
const CROWD: u8 = 1;
const COUNTS: u8 = 2;
const ALWAYS_IGNORED: u8 = 4;

/** Numbers of IoU thresholds and area ranges. */
let T: i32 = 0;
let A: i32 = 0;

/** [T] [f64] */
export let thresholds: usize = 0;
/** [A] bounds of the area ranges. [f64] */
export let lowest: usize = 0;
export let highest: usize = 0;

/** [cells] class. [u32] */
export let categories: usize = 0;
/** [cells + 1] first of a cell's objects, detections and IoUs among all of the evaluation. [u32, u32, f64] */
export let truthStarts: usize = 0;
export let detectionStarts: usize = 0;
export let iouStarts: usize = 0;
/** Of these cells: [objects] CROWD, COUNTS, ALWAYS_IGNORED. [u8] */
export let truthFlags: usize = 0;
/** [objects] px². [f64] */
export let truthAreas: usize = 0;
/** [detections] 1 where what it takes counts as taken. [u8] */
export let takes: usize = 0;
/** [detections] px². [f64] */
export let detectionAreas: usize = 0;
/** Of a cell: [detections, objects]. [f64] */
export let ious: usize = 0;

/** [detections, A, T] results. [u8] */
export let states: usize = 0;
/** [K, A] objects that are not ignored, of all cells labelled so far. [u32] */
export let truthCounts: usize = 0;

/** Of the open cell, for an area range: [A, room] 1 where an object is to be ignored. [u8] */
export let ignored: usize = 0;
/**
 * Of the open cell, for the range matched last: [T, D] the object that each detection takes, or -1. Where a threshold lets in the
 * same IoUs as the one before, its row is that one's: `repeats`. [i32]
 */
export let matches: usize = 0;
/** [T] [u8] */
let repeats: usize = 0;
/** [A] [i32] */
let ignoredCounts: usize = 0;
/** [G] 1 where an object is taken at a threshold. [u8] */
let taken: usize = 0;
/** The open cell's pairs that match at some threshold, by detection: [D + 1] first, [n] object, [n] IoU. [i32, i32, f64] */
let pairStarts: usize = 0;
let pairObjects: usize = 0;
let pairIous: usize = 0;

/** Most objects of a cell. */
let room: i32 = 0;
/** The open cell's objects and detections, and the first of each. */
let G: i32 = 0;
let D: i32 = 0;
let firstTruth: i32 = 0;
let firstDetection: i32 = 0;

/** Makes room for classes; for cells, with so many objects, detections and IoUs in all, and for the most in one. */
export function begin(
  thresholdCount: i32, areas: i32, classes: i32,
  cells: i32, truths: i32, detections: i32, iouCount: i32,
  mostTruths: i32, mostDetections: i32, mostIous: i32,
): void {
  T = thresholdCount;
  A = areas;
  room = mostTruths;
  thresholds = column(T, 8);
  lowest = column(A, 8);
  highest = column(A, 8);
  categories = column(cells, 4);
  truthStarts = column(cells + 1, 4);
  detectionStarts = column(cells + 1, 4);
  iouStarts = column(cells + 1, 8);
  truthFlags = column(truths, 1);
  truthAreas = column(truths, 8);
  takes = column(detections, 1);
  detectionAreas = column(detections, 8);
  ious = column(iouCount, 8);
  states = column(<u64>detections * A * T, 1);
  truthCounts = column(<u64>classes * A, 4);
  memory.fill(truthCounts, 0, 4 * classes * A);
  ignored = column(<u64>A * room, 1);
  ignoredCounts = column(A, 4);
  taken = column(room, 1);
  matches = column(<u64>T * mostDetections, 4);
  repeats = column(T, 1);
  pairStarts = column(mostDetections + 1, 4);
  pairObjects = column(mostIous, 4);
  pairIous = column(mostIous, 8);
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
  for (let t = 1; t < T; t++) {
    if (load<u8>(repeats + t) === 1) memory.copy(matches + 4 * t * D, matches + 4 * (t - 1) * D, 4 * D);
  }
}

/** Turns to a cell. */
function open(cell: i32): void {
  firstTruth = load<u32>(truthStarts + 4 * cell) - load<u32>(truthStarts);
  firstDetection = load<u32>(detectionStarts + 4 * cell) - load<u32>(detectionStarts);
  G = load<u32>(truthStarts + 4 * cell + 4) - load<u32>(truthStarts + 4 * cell);
  D = load<u32>(detectionStarts + 4 * cell + 4) - load<u32>(detectionStarts + 4 * cell);
  for (let a = 0; a < A; a++) {
    const low = load<f64>(lowest + 8 * a);
    const high = load<f64>(highest + 8 * a);
    let count = 0;
    for (let g = 0; g < G; g++) {
      const always = (load<u8>(truthFlags + firstTruth + g) & ALWAYS_IGNORED) !== 0;
      const area = load<f64>(truthAreas + 8 * (firstTruth + g));
      const isIgnored = i32(always) | i32(area < low) | i32(area > high);
      store<u8>(ignored + a * room + g, isIgnored);
      count += isIgnored;
    }
    store<i32>(ignoredCounts + 4 * a, count);
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
  const isIgnored = ignored + a * room;
  for (let t = 0; t < T; t++) {
    if (load<u8>(repeats + t) === 1) continue;
    const threshold = load<f64>(thresholds + 8 * t);
    memory.fill(taken, 0, G);
    for (let d = 0; d < D; d++) {
      const found = choose(d, threshold, isIgnored);
      store<i32>(matches + 4 * (t * D + d), found);
      if (found !== -1 && load<u8>(takes + firstDetection + d) === 1) store<u8>(taken + found, 1);
    }
  }
}

/** The object that a detection takes, or -1. */
function choose(d: i32, threshold: f64, isIgnored: usize): i32 {
  let found = -1;
  let iou = threshold;
  let foundIgnored = -1;
  let iouIgnored = threshold;
  const end = load<i32>(pairStarts + 4 * d + 4);
  for (let i = load<i32>(pairStarts + 4 * d); i < end; i++) {
    const g = load<i32>(pairObjects + 4 * i);
    // A crowd may be taken many times.
    if (load<u8>(taken + g) === 1 && (load<u8>(truthFlags + firstTruth + g) & CROWD) === 0) continue;
    const value = load<f64>(pairIous + 8 * i);
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
  for (let d = 0; d < D; d++) {
    const area = load<f64>(detectionAreas + 8 * (firstDetection + d));
    const unmatched = area < low || area > high ? IGNORED : FALSE_POSITIVE;
    const at = states + ((firstDetection + d) * A + a) * T;
    let state = unmatched;
    for (let t = 0; t < T; t++) {
      if (load<u8>(repeats + t) === 0) state = stateOf(load<i32>(matches + 4 * (t * D + d)), a, unmatched);
      store<u8>(at + t, state);
    }
  }
}

function stateOf(found: i32, a: i32, unmatched: u8): u8 {
  if (found === -1) return unmatched;
  if (load<u8>(ignored + a * room + found) === 1) return IGNORED;
  return (load<u8>(truthFlags + firstTruth + found) & COUNTS) !== 0 ? TRUE_POSITIVE : unmatched;
}
