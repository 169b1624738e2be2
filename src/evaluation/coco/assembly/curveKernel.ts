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
/** Precisions to be averaged, and how many there are. [f64] */
let found: usize = 0;
export let foundCount: i32 = 0;

/** [n] as `ranking`, the detections within a limit; a class's begin where all of its do. [u32] */
let counted: usize = 0;
/** [K] where they end. [u32] */
let countedEnds: usize = 0;
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
  found = column(<u64>T * R * K, 8);
  counted = column(detections, 4);
  countedEnds = column(K, 4);
  needed = column(<u64>K * A * R, 4);
  precisionAfter = column(most + 2, 8);
  detectionAfter = column(most + 1, 4);
  wrongAfter = column(most + 2, 4);
}

/** What a class's curves need, whatever the area range and limit. */
export function prepare(k: i32): void {
  for (let a = 0; a < A; a++) findNeeded(k, a);
}

/** Lists a class's detections within a limit. */
export function list(k: i32, m: i32): void {
  const limit = load<f64>(limits + 8 * m);
  const rankOf = ranks;
  const end = ranking + 4 * load<u32>(rankingStarts + 4 * k + 4);
  let into = load<u32>(rankingStarts + 4 * k);
  for (let at = ranking + 4 * into; at < end; at += 4) {
    const detection = load<u32>(at);
    store<u32>(counted + 4 * into, detection);
    into += u32(<f64>load<u32>(rankOf + 4 * detection) < limit);
  }
  store<u32>(countedEnds + 4 * k, into);
}

/** Follows the curve of a threshold, class and area range, of the listed detections. */
export function trace(t: i32, k: i32, a: i32): void {
  const into = 8 * (t * R * K + k);
  const right = traceRecall(t, k, a);
  if (right < 0) fill(into, 0, -1);
  else traceCurve(right, k, a, into);
}

/** Finds the recall alone. @returns true positives; -1 where there are no objects */
export function traceRecall(t: i32, k: i32, a: i32): i32 {
  const truths = <f64>load<u32>(truthCounts + 4 * (k * A + a));
  const right = truths === 0 ? -1 : countRight(t, k, a);
  store<f64>(recall + 8 * (t * K + k), right < 0 ? -1 : <f64>right / truths);
  return right;
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
 * Writes a curve with so many true positives. Precision is lower before the next one than at the last one: only those matter.
 * @param into where its first result goes: bytes from the start of the results
 */
function traceCurve(right: i32, k: i32, a: i32, into: u32): void {
  // Variables of the module cost a load each time: loops have theirs in locals.
  const after = precisionAfter;
  const wrongs = wrongAfter;
  let rights = f64x2(1, 2);
  for (let i = 0; i < right; i += 2) {
    const wrong = f64x2.convert_low_i32x4_s(v128.load64_zero(wrongs + 4 * i));
    const all = f64x2.add(f64x2.add(wrong, rights), f64x2.splat(f64.EPSILON));
    v128.store(after + 8 * i, f64x2.div(rights, all));
    rights = f64x2.add(rights, f64x2.splat(2));
  }
  let highest: f64 = 0;
  for (let at = after + 8 * right - 8; at >= after; at -= 8) {
    highest = max(highest, load<f64>(at));
    store<f64>(at, highest);
  }
  const start = load<u32>(rankingStarts + 4 * k);
  const isEmpty = load<u32>(countedEnds + 4 * k) === start;
  fill(into, isEmpty ? 0 : readOff(needed + 4 * (k * A + a) * R, right, into, counted + 4 * start), 0);
}

/** Walks a class's listed detections. What is written for a wrong one is overwritten. @returns true positives */
function countRight(t: i32, k: i32, a: i32): i32 {
  const from = states + a * T + t;
  const perDetection = A * T;
  const detections = detectionAfter;
  const wrongs = wrongAfter;
  const end = counted + 4 * load<u32>(countedEnds + 4 * k);
  let right = 0;
  let wrong = 0;
  // Without branches: right or wrong is anybody's guess.
  for (let at = counted + 4 * load<u32>(rankingStarts + 4 * k); at < end; at += 4) {
    const detection = load<u32>(at);
    const state = <i32>load<u8>(from + detection * perDetection);
    store<u32>(detections + 4 * right, detection);
    store<i32>(wrongs + 4 * right, wrong);
    right += i32(state === TRUE_POSITIVE);
    wrong += i32(state === FALSE_POSITIVE);
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

/** Adds the precisions at a threshold that are not -1 to those that are averaged; `isFirst` forgets older ones. */
export function gather(t: i32, isFirst: bool): void {
  let into = found + (isFirst ? 0 : 8 * foundCount);
  const end = precision + 8 * (t + 1) * R * K;
  for (let at = precision + 8 * t * R * K; at < end; at += 8) {
    const value = load<f64>(at);
    store<f64>(into, value);
    into += 8 * usize(value > -1);
  }
  foundCount = <i32>((into - found) >> 3);
}

/** The sum of what was gathered, added in numpy's order: see ../pairwiseSum.ts. */
export function sum(): f64 {
  return pairwiseSum(found, foundCount);
}

function pairwiseSum(from: usize, count: i32): f64 {
  if (count > 128) {
    const half = (count >> 1) & ~7;
    return pairwiseSum(from, half) + pairwiseSum(from + 8 * half, count - half);
  }
  const whole = from + 8 * (count & ~7);
  let total: f64 = 0;
  if (count >= 8) {
    let ab = v128.load(from);
    let cd = v128.load(from, 16);
    let ef = v128.load(from, 32);
    let gh = v128.load(from, 48);
    for (let at = from + 64; at < whole; at += 64) {
      ab = f64x2.add(ab, v128.load(at));
      cd = f64x2.add(cd, v128.load(at, 16));
      ef = f64x2.add(ef, v128.load(at, 32));
      gh = f64x2.add(gh, v128.load(at, 48));
    }
    total = (lanes(ab) + lanes(cd)) + (lanes(ef) + lanes(gh));
  }
  for (let at = whole; at < from + 8 * count; at += 8) total += load<f64>(at);
  return total;
}

function lanes(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}
