// Annotations sorted into cells: one per class and photo that has objects or detections. What JavaScript calls is described in
// ../cellKernel.ts. Source: pycocotools 2.0.11, COCOeval._prepare.

import { column } from '../../../data/coco/assembly/buffer';

/** Digits of this many bits are sorted by, the lowest first. */
const DIGIT_BITS: i32 = 11;
const DIGITS: i32 = 1 << DIGIT_BITS;

/** Objects, and for each its row, class and photo. [u32] */
let truthCount: i32 = 0;
export let truthRows: usize = 0;
export let truthCategories: usize = 0;
export let truthImages: usize = 0;
/** Detections alike, and their scores. [f64] */
let detectionCount: i32 = 0;
export let detectionRows: usize = 0;
export let detectionCategories: usize = 0;
export let detectionImages: usize = 0;
export let scores: usize = 0;
let photos: i32 = 0;
let classes: i32 = 0;

/** Results, as EvaluationCells describes them. [u32] */
export let categories: usize = 0;
export let images: usize = 0;
export let truthStarts: usize = 0;
export let truths: usize = 0;
export let detectionStarts: usize = 0;
export let detections: usize = 0;
export let rankingStarts: usize = 0;
export let ranking: usize = 0;
export let ranks: usize = 0;
/** Detections that are in a cell. */
export let kept: i32 = 0;

/** How often a key occurs, then where its entries go. [u32] */
let starts: usize = 0;
/** Of scores: bits that order as they do, best first. [u64] */
let keys: usize = 0;
/** By detection: its place in `detections`, from 1 on; 0 when it is in no cell. [u32] */
let placeOf: usize = 0;

/** Makes room. Photos and classes are named by index. */
export function begin(truthsInAll: i32, detectionsInAll: i32, photoCount: i32, classCount: i32): void {
  truthCount = truthsInAll;
  detectionCount = detectionsInAll;
  photos = photoCount;
  classes = classCount;
  truthRows = column(truthCount, 4);
  truthCategories = column(truthCount, 4);
  truthImages = column(truthCount, 4);
  detectionRows = column(detectionCount, 4);
  detectionCategories = column(detectionCount, 4);
  detectionImages = column(detectionCount, 4);
  scores = column(detectionCount, 8);
  categories = column(truthCount + detectionCount, 4);
  images = column(truthCount + detectionCount, 4);
  truthStarts = column(truthCount + detectionCount + 1, 4);
  truths = column(truthCount, 4);
  detectionStarts = column(truthCount + detectionCount + 1, 4);
  detections = column(detectionCount, 4);
  rankingStarts = column(classes + 1, 4);
  ranking = column(detectionCount, 4);
  ranks = column(detectionCount, 4);
  starts = column(max(DIGITS, max(photos, classes)) + 1, 4);
  keys = column(detectionCount, 8);
  placeOf = column(detectionCount, 4);
}

/**
 * Sorts and cuts. @returns the number of cells
 * @param most detections kept per cell
 */
export function group(most: f64): i32 {
  // By class, photo and score, and by class and score over all photos. Each sort keeps the order of equals.
  const byClass = sortByClassAndPhoto(identity(truthCount), truthCount, truthImages, truthCategories);
  const byPhoto = countingSort(identity(detectionCount), detectionCount, detectionImages, photos);
  const byScore = sortByScore(byPhoto);
  const ranked = countingSort(byScore, detectionCount, detectionCategories, classes);
  const byCell = sortByClassAndPhoto(byScore, detectionCount, detectionImages, detectionCategories);
  const count = cut(byClass, byCell, most);
  rank(ranked);
  return count;
}

function sortByClassAndPhoto(order: usize, count: i32, ofPhoto: usize, ofClass: usize): usize {
  return countingSort(countingSort(order, count, ofPhoto, photos), count, ofClass, classes);
}

function identity(length: i32): usize {
  const order = column(length, 4);
  for (let i = 0; i < length; i++) store<u32>(order + 4 * i, i);
  return order;
}

/** Sorts entries by their key, below `range`, keeping the order of equals. */
function countingSort(order: usize, count: i32, keyOf: usize, range: i32): usize {
  memory.fill(starts, 0, 4 * (range + 1));
  for (let i = 0; i < count; i++) increment(load<u32>(keyOf + 4 * i) + 1);
  sumStarts(range);
  const sorted = column(count, 4);
  for (let i = 0; i < count; i++) {
    const entry = load<u32>(order + 4 * i);
    store<u32>(sorted + 4 * increment(load<u32>(keyOf + 4 * entry)), entry);
  }
  return sorted;
}

/** Makes counts, each one place on, where the first entry of a key goes. */
function sumStarts(range: i32): void {
  let sum: u32 = 0;
  for (let key = 1; key < range; key++) {
    sum += load<u32>(starts + 4 * key);
    store<u32>(starts + 4 * key, sum);
  }
}

/** @returns the value before */
function increment(key: u32): u32 {
  const value = load<u32>(starts + 4 * key);
  store<u32>(starts + 4 * key, value + 1);
  return value;
}

/** Sorts detections by score, best first, keeping the order of equals: numpy.argsort(-scores, kind='mergesort'). */
function sortByScore(order: usize): usize {
  let all: u64 = u64.MAX_VALUE;
  let any: u64 = 0;
  for (let i = 0; i < detectionCount; i++) {
    // A double's bits order like the double once negative ones are inverted and positive ones get the top bit; all inverted
    // again, the highest comes first. -0 becomes 0.
    const bits = reinterpret<u64>(load<f64>(scores + 8 * i) + 0);
    const key = <i64>bits < 0 ? bits : bits ^ <u64>i64.MAX_VALUE;
    store<u64>(keys + 8 * i, key);
    all &= key;
    any |= key;
  }
  let sorted = order;
  let spare = column(detectionCount, 4);
  for (let shift = 0; shift < 64; shift += DIGIT_BITS) {
    // A digit that is the same in all changes nothing.
    if ((((all ^ any) >> shift) & (DIGITS - 1)) === 0) continue;
    sortByDigit(sorted, shift, spare);
    const before = sorted;
    sorted = spare;
    spare = before;
  }
  return sorted;
}

function sortByDigit(order: usize, shift: u64, sorted: usize): void {
  memory.fill(starts, 0, 4 * (DIGITS + 1));
  for (let i = 0; i < detectionCount; i++) increment(digit(i, shift) + 1);
  sumStarts(DIGITS);
  for (let i = 0; i < detectionCount; i++) {
    const entry = load<u32>(order + 4 * i);
    store<u32>(sorted + 4 * increment(digit(entry, shift)), entry);
  }
}

function digit(entry: u32, shift: u64): u32 {
  return <u32>(load<u64>(keys + 8 * entry) >> shift) & (DIGITS - 1);
}

/** Walks both sorted lists at once and makes a cell of each class and photo that it meets. @returns the number of cells */
function cut(ofTruths: usize, ofDetections: usize, most: f64): i32 {
  let count = 0;
  let g = 0;
  let d = 0;
  kept = 0;
  memory.fill(placeOf, 0, 4 * detectionCount);
  store<u32>(truthStarts, 0);
  store<u32>(detectionStarts, 0);
  while (g < truthCount || d < detectionCount) {
    // A class and a photo as one number that orders as they do.
    let cell = u64.MAX_VALUE;
    if (g < truthCount) cell = cellOf(load<u32>(ofTruths + 4 * g), truthCategories, truthImages);
    if (d < detectionCount) cell = min(cell, cellOf(load<u32>(ofDetections + 4 * d), detectionCategories, detectionImages));
    store<u32>(categories + 4 * count, <u32>(cell >> 32));
    store<u32>(images + 4 * count, <u32>cell);
    for (; g < truthCount; g++) {
      const entry = load<u32>(ofTruths + 4 * g);
      if (cellOf(entry, truthCategories, truthImages) !== cell) break;
      store<u32>(truths + 4 * g, load<u32>(truthRows + 4 * entry));
    }
    for (let rank = 0; d < detectionCount; d++, rank++) {
      const entry = load<u32>(ofDetections + 4 * d);
      if (cellOf(entry, detectionCategories, detectionImages) !== cell) break;
      if (<f64>rank >= most) continue;
      store<u32>(ranks + 4 * kept, rank);
      store<u32>(detections + 4 * kept, load<u32>(detectionRows + 4 * entry));
      store<u32>(placeOf + 4 * entry, ++kept);
    }
    count++;
    store<u32>(truthStarts + 4 * count, g);
    store<u32>(detectionStarts + 4 * count, kept);
  }
  return count;
}

function cellOf(entry: u32, ofClass: usize, ofPhoto: usize): u64 {
  return (<u64>load<u32>(ofClass + 4 * entry) << 32) | load<u32>(ofPhoto + 4 * entry);
}

/** Lists the places of those in cells by class and score. */
function rank(ranked: usize): void {
  let next = 0;
  let k: i32 = 0;
  store<u32>(rankingStarts, 0);
  for (let i = 0; i < detectionCount; i++) {
    const entry = load<u32>(ranked + 4 * i);
    for (const own = load<i32>(detectionCategories + 4 * entry); k < own; k++) store<u32>(rankingStarts + 4 * k, next, 4);
    const place = load<u32>(placeOf + 4 * entry);
    if (place > 0) store<u32>(ranking + 4 * next++, place - 1);
  }
  for (; k < classes; k++) store<u32>(rankingStarts + 4 * k, next, 4);
}
