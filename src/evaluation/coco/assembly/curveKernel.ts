// Precision-recall curves, read off at fixed recalls. What JavaScript calls is described in ../curveKernel.ts.
// Source: pycocotools 2.0.11, COCOeval.accumulate; arithmetic in its order.

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
/** [K, A] objects that are not ignored. [u32] */
export let truthCounts: usize = 0;
/** [K + 1] first of a class's detections in `ranking`. [u32] */
export let rankingStarts: usize = 0;
/** [n] detections by class, then best first. [u32] */
export let ranking: usize = 0;
/** [n, A, T] what became of each detection. [u8] */
export let states: usize = 0;
/** [n] place in its cell. [u32] */
export let ranks: usize = 0;
/** [n] [f64] */
export let scores: usize = 0;

/** [T, R, K] results for an area range and a limit. [f64] */
export let precision: usize = 0;
/** [T, R, K] alike. [f64] */
export let scoresAt: usize = 0;
/** [T, K] alike. [f64] */
export let recall: usize = 0;

/** [K, M] detections among the best of their cell. [i32] */
let limitedCounts: usize = 0;
/** [K, A, R] true positives with which a recall is reached. [i32] */
let needed: usize = 0;
/** After 1, 2, … true positives of a curve: precision. [f64] */
let precisionAfter: usize = 0;
/** Alike: which detection is the last of them. [u32] */
let detectionAfter: usize = 0;
/** Alike: how many are wrong. [i32] */
let wrongAfter: usize = 0;

/** Makes room for so many detections in all, and for the most of one class. */
export function begin(
  thresholds: i32, recallCount: i32, classes: i32, areas: i32, limitCount: i32, detections: i32, most: i32,
): void {
  T = thresholds;
  R = recallCount;
  K = classes;
  A = areas;
  M = limitCount;
  recalls = column(R, 8);
  limits = column(M, 8);
  truthCounts = column(<u64>K * A, 4);
  rankingStarts = column(K + 1, 4);
  ranking = column(detections, 4);
  states = column(<u64>detections * A * T, 1);
  ranks = column(detections, 4);
  scores = column(detections, 8);
  precision = column(<u64>T * R * K, 8);
  scoresAt = column(<u64>T * R * K, 8);
  recall = column(<u64>T * K, 8);
  limitedCounts = column(<u64>K * M, 4);
  needed = column(<u64>K * A * R, 4);
  precisionAfter = column(most + 1, 8);
  detectionAfter = column(most + 1, 4);
  wrongAfter = column(most + 1, 4);
}

/** What all of a class's curves need. */
export function prepare(k: i32): void {
  for (let m = 0; m < M; m++) store<i32>(limitedCounts + 4 * (k * M + m), countLimited(k, load<f64>(limits + 8 * m)));
  for (let a = 0; a < A; a++) findNeeded(k, a);
}

/** Follows the curve of a threshold, class, area range and limit. */
export function trace(t: i32, k: i32, a: i32, m: i32): void {
  const into = 8 * (t * R * K + k);
  const place = recall + 8 * (t * K + k);
  const truths = <f64>load<u32>(truthCounts + 4 * (k * A + a));
  if (truths === 0) {
    store<f64>(place, -1);
    fill(into, 0, -1);
  } else store<f64>(place, <f64>traceCurve(t, k, a, m, into) / truths);
}

/** How many of a class's detections are among the best of their cell. */
function countLimited(k: i32, limit: f64): i32 {
  let count = 0;
  const end = load<u32>(rankingStarts + 4 * k + 4);
  // A class's places and its part of the ranking are the same numbers.
  for (let i = load<u32>(rankingStarts + 4 * k); i < end; i++) count += i32(<f64>load<u32>(ranks + 4 * i) < limit);
  return count;
}

/** For each recall, the fewest objects of a class that reach it; more than there are when it is above 1. */
function findNeeded(k: i32, a: i32): void {
  const truths = <f64>load<u32>(truthCounts + 4 * (k * A + a));
  if (truths === 0) return;
  for (let r = 0; r < R; r++) {
    const wanted = load<f64>(recalls + 8 * r);
    let count = min(truths + 1, max(0, ceil(wanted * truths)));
    while (count > 0 && (count - 1) / truths >= wanted) count--;
    while (count / truths < wanted && count <= truths) count++;
    store<i32>(needed + 4 * ((k * A + a) * R + r), <i32>count);
  }
}

/** Writes a value for the recalls from one on. */
function fill(into: u32, from: i32, value: f64): void {
  const stride = 8 * K;
  const end = into + R * stride;
  for (let at = into + from * stride; at < end; at += stride) {
    store<f64>(precision + at, value);
    store<f64>(scoresAt + at, value);
  }
}

/**
 * Follows a curve. The precision before the next true positive is lower than at the last one, so only those matter.
 * @param into where its first result goes: bytes from the start of the results
 * @returns true positives
 */
function traceCurve(t: i32, k: i32, a: i32, m: i32, into: u32): i32 {
  const starts = rankingStarts + 4 * k;
  const first = ranking + 4 * load<u32>(starts);
  const end = ranking + 4 * load<u32>(starts + 4);
  const limited = load<i32>(limitedCounts + 4 * (k * M + m));
  const right = limited < <i32>(end - first) >> 2 ?
    countRightWithin(t, a, first, end, load<f64>(limits + 8 * m)) :
    countRight(t, a, first, end);
  // Variables of the module cost a load each time: loops have theirs in locals.
  const after = precisionAfter;
  const wrongs = wrongAfter;
  let highest: f64 = 0;
  for (let i = right - 1; i >= 0; i--) {
    highest = max(highest, <f64>(i + 1) / (<f64>(load<i32>(wrongs + 4 * i) + i + 1) + f64.EPSILON));
    store<f64>(after + 8 * i, highest);
  }
  // The best detection has the first place in its cell, so that it is within every limit.
  fill(into, limited > 0 ? readOff(needed + 4 * (k * A + a) * R, right, into, first) : 0, 0);
  return right;
}

/** Walks a class's detections. What is written for a wrong one is overwritten. @returns true positives */
function countRight(t: i32, a: i32, first: usize, end: usize): i32 {
  const from = states + a * T + t;
  const perDetection = A * T;
  const detections = detectionAfter;
  const wrongs = wrongAfter;
  let right = 0;
  let wrong = 0;
  // Without branches: right or wrong is anybody's guess.
  for (let at = first; at < end; at += 4) {
    const detection = load<u32>(at);
    const state = <i32>load<u8>(from + detection * perDetection);
    store<u32>(detections + 4 * right, detection);
    store<i32>(wrongs + 4 * right, wrong);
    right += i32(state === TRUE_POSITIVE);
    wrong += i32(state === FALSE_POSITIVE);
  }
  return right;
}

/** The same for those among the best of their cell. */
function countRightWithin(t: i32, a: i32, first: usize, end: usize, limit: f64): i32 {
  const from = states + a * T + t;
  const perDetection = A * T;
  const detections = detectionAfter;
  const wrongs = wrongAfter;
  const rankOf = ranks;
  let right = 0;
  let wrong = 0;
  for (let at = first; at < end; at += 4) {
    const detection = load<u32>(at);
    const state = <i32>load<u8>(from + detection * perDetection);
    const counts = i32(<f64>load<u32>(rankOf + 4 * detection) < limit);
    store<u32>(detections + 4 * right, detection);
    store<i32>(wrongs + 4 * right, wrong);
    right += counts & i32(state === TRUE_POSITIVE);
    wrong += counts & i32(state === FALSE_POSITIVE);
  }
  return right;
}

/**
 * Writes precision and score at each recall, up to the first that is not reached: it ends the row, whatever comes behind it.
 * @param wanted [R] true positives with which a recall is reached. [i32]
 * @param first the best detection. [u32]
 * @returns how many recalls were reached
 */
function readOff(wanted: usize, right: i32, into: u32, first: usize): i32 {
  const stride = 8 * K;
  const recallCount = R;
  const after = precisionAfter;
  const detections = detectionAfter;
  const scoreOf = scores;
  let precisionPlace = precision + into;
  let scorePlace = scoresAt + into;
  for (let r = 0; r < recallCount; r++) {
    const found = load<i32>(wanted + 4 * r);
    if (found > right) return r;
    const last = max(found, 1) - 1;
    const detection = load<u32>(found > 0 ? detections + 4 * last : first);
    store<f64>(precisionPlace, right > 0 ? load<f64>(after + 8 * last) : 0);
    store<f64>(scorePlace, load<f64>(scoreOf + 8 * detection));
    precisionPlace += stride;
    scorePlace += stride;
  }
  return recallCount;
}
