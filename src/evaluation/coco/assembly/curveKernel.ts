// Precision-recall curves of one class after another, read off at fixed recalls. What JavaScript calls is described in
// ../curveKernel.ts. Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

import { column } from '../../../data/coco/assembly/buffer';

/** As in ../detectionStates.ts. */
const FALSE_POSITIVE: i32 = 0;
const TRUE_POSITIVE: i32 = 1;

/** Numbers of IoU thresholds, recall thresholds, classes, area ranges and limits on detections. */
let T: i32 = 0;
let R: i32 = 0;
let K: i32 = 0;
let A: i32 = 0;
let M: i32 = 0;

/** [R] recalls. [f64] */
export let recalls: usize = 0;
/** [M] detections per photo and class. [f64] */
export let limits: usize = 0;
/** [T, R, K, A, M] results. [f64] */
export let precision: usize = 0;
/** [T, R, K, A, M] results. [f64] */
export let scoresAt: usize = 0;
/** [T, K, A, M] results. [f64] */
export let recall: usize = 0;

/** Of a class. [A] objects that are not ignored. [f64] */
export let truthCounts: usize = 0;
/** [n, A, T] what became of each detection, best first. [u8] */
export let states: usize = 0;
/** [n, A] 1 unless always ignored. [u8] */
export let relevant: usize = 0;
/** [n] place in its cell. [u32] */
export let ranks: usize = 0;
/** [n] [f64] */
export let scores: usize = 0;

/** [A, M, n] those that are looked at, best first. [u32] */
let counted: usize = 0;
/** [A, M] how many they are. [i32] */
let countedCounts: usize = 0;
/** [M] how many there are among the best of their cell. [i32] */
let limitedCounts: usize = 0;
/** [A, M, R] results at one IoU threshold. [f64] */
let precisionRows: usize = 0;
/** [A, M, R] alike. [f64] */
let scoreRows: usize = 0;
/** [n] after 1, 2, … true positives: precision. [f64] */
let precisionAfter: usize = 0;
/** [n] alike: which detection is the last of them. [u32] */
let detectionAfter: usize = 0;
/** [n] alike: how many are wrong. [i32] */
let wrongAfter: usize = 0;
/** [A, R] true positives with which a recall is reached. [i32] */
let needed: usize = 0;
/** Detections for which there is room. */
let room: i32 = 0;

/** Makes room for the results, and for classes of at most so many detections. */
export function begin(thresholds: i32, recallCount: i32, classes: i32, areas: i32, limitCount: i32, detections: i32): void {
  T = thresholds;
  R = recallCount;
  K = classes;
  A = areas;
  M = limitCount;
  recalls = column(R, 8);
  needed = column(<u64>A * R, 4);
  limits = column(M, 8);
  truthCounts = column(A, 8);
  countedCounts = column(<u64>A * M, 4);
  limitedCounts = column(M, 4);
  precisionRows = column(<u64>A * M * R, 8);
  scoreRows = column(<u64>A * M * R, 8);
  precision = column(<u64>T * R * K * A * M, 8);
  scoresAt = column(<u64>T * R * K * A * M, 8);
  recall = column(<u64>T * K * A * M, 8);
  room = detections;
  states = column(<u64>room * A * T, 1);
  relevant = column(<u64>room * A, 1);
  ranks = column(room, 4);
  scores = column(room, 8);
  counted = column(<u64>room * A * M, 4);
  precisionAfter = column(room, 8);
  detectionAfter = column(room, 4);
  wrongAfter = column(room, 4);
}

/** Follows all curves of class `k`, of so many detections. */
export function traceClass(k: i32, detections: i32): void {
  for (let a = 0; a < A; a++) {
    const truths = load<f64>(truthCounts + 8 * a);
    if (truths > 0) findNeeded(a, truths);
    for (let m = 0; m < M; m++) choose(a, m, detections);
  }
  for (let t = 0; t < T; t++) {
    for (let a = 0; a < A; a++) {
      for (let m = 0; m < M; m++) {
        const row = 8 * R * (a * M + m);
        const place = recall + 8 * (((t * K + k) * A + a) * M + m);
        const truths = load<f64>(truthCounts + 8 * a);
        if (truths === 0) {
          store<f64>(place, -1);
          for (let r = 0; r < R; r++) setRow(row, r, -1, -1);
        } else if (m > 0 && load<i32>(limitedCounts + 4 * m) === load<i32>(limitedCounts + 4 * m - 4)) {
          // The limit lets in nobody that the one before keeps out.
          store<f64>(place, load<f64>(place - 8));
          memory.copy(precisionRows + row, precisionRows + row - 8 * R, 8 * R);
          memory.copy(scoreRows + row, scoreRows + row - 8 * R, 8 * R);
        } else store<f64>(place, <f64>trace(t, a, m, row) / truths);
      }
    }
    const at = 8 * (t * R * K + k) * A * M;
    turn(precisionRows, precision + at);
    turn(scoreRows, scoresAt + at);
  }
}

/** Lists who is looked at for an area range and a limit. */
function choose(a: i32, m: i32, detections: i32): void {
  const limit = load<f64>(limits + 8 * m);
  const list = counted + 4 * room * (a * M + m);
  let limited = 0;
  let count = 0;
  for (let i = 0; i < detections; i++) {
    if (!(<f64>load<u32>(ranks + 4 * i) < limit)) continue;
    limited++;
    if (load<u8>(relevant + i * A + a) === 1) store<u32>(list + 4 * count++, i);
  }
  store<i32>(limitedCounts + 4 * m, limited);
  store<i32>(countedCounts + 4 * (a * M + m), count);
}

/** Writes [A, M, R] as [R, A, M], a recall's values `K A M` behind those of the one before. */
function turn(rows: usize, into: usize): void {
  for (let r = 0; r < R; r++) {
    const place = into + 8 * r * K * A * M;
    for (let i = 0; i < A * M; i++) store<f64>(place + 8 * i, load<f64>(rows + 8 * (i * R + r)));
  }
}

function setRow(row: i32, r: i32, value: f64, score: f64): void {
  store<f64>(precisionRows + row + 8 * r, value);
  store<f64>(scoreRows + row + 8 * r, score);
}

/**
 * Follows a curve. The precision before the next true positive is lower than at the last one, so only those matter.
 * @param row where its results go
 * @returns true positives
 */
function trace(t: i32, a: i32, m: i32, row: i32): i32 {
  const from = states + a * T + t;
  const list = counted + 4 * room * (a * M + m);
  const count = load<i32>(countedCounts + 4 * (a * M + m));
  let right = 0;
  let wrong = 0;
  // Without branches: right or wrong is anybody's guess. What is written for a wrong one is overwritten.
  for (let i = 0; i < count; i++) {
    const detection = load<u32>(list + 4 * i);
    const state = <i32>load<u8>(from + detection * A * T);
    store<u32>(detectionAfter + 4 * right, detection);
    store<i32>(wrongAfter + 4 * right, wrong);
    right += i32(state === TRUE_POSITIVE);
    wrong += i32(state === FALSE_POSITIVE);
  }
  let highest: f64 = 0;
  for (let i = right - 1; i >= 0; i--) {
    highest = max(highest, <f64>(i + 1) / (<f64>(load<i32>(wrongAfter + 4 * i) + i + 1) + f64.EPSILON));
    store<f64>(precisionAfter + 8 * i, highest);
  }
  let r = 0;
  // The best detection has the first place in its cell, so that it is within every limit.
  if (load<i32>(limitedCounts + 4 * m) > 0) {
    for (; r < R; r++) {
      const found = load<i32>(needed + 4 * (a * R + r));
      // The first recall that is not reached ends the row, whatever comes behind it.
      if (found > right) break;
      const last = max(found, 1) - 1;
      const detection = found > 0 ? load<u32>(detectionAfter + 4 * last) : 0;
      setRow(row, r, right > 0 ? load<f64>(precisionAfter + 8 * last) : 0, load<f64>(scores + 8 * detection));
    }
  }
  for (; r < R; r++) setRow(row, r, 0, 0);
  return right;
}

/** For each recall, the fewest of `truths` objects that reach it; more than there are when it is above 1. */
function findNeeded(a: i32, truths: f64): void {
  for (let r = 0; r < R; r++) {
    const wanted = load<f64>(recalls + 8 * r);
    let count = min(truths + 1, max(0, ceil(wanted * truths)));
    while (count > 0 && (count - 1) / truths >= wanted) count--;
    while (count / truths < wanted && count <= truths) count++;
    store<i32>(needed + 4 * (a * R + r), <i32>count);
  }
}
