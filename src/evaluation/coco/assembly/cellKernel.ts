// Annotations sorted into cells: one per class and photo that has objects or detections. What JavaScript calls is described in
// ../cellKernel.ts. Source: pycocotools 2.0.11, COCOeval._prepare.

import { column } from '../../../data/coco/assembly/buffer';

/** Digits of this many bits are sorted by, the lowest first. */
const DIGIT_BITS: i32 = 11;
const DIGITS: i32 = 1 << DIGIT_BITS;

// A table's columns, by row: ids, ids of photos and of classes [f64], scores of detections [f64], and the rows to look at where
// they are not simply all [u32].
export let ids: usize = 0;
export let truthPhotoIds: usize = 0;
export let truthClassIds: usize = 0;
export let truthOrder: usize = 0;
export let detectionPhotoIds: usize = 0;
export let detectionClassIds: usize = 0;
export let detectionOrder: usize = 0;
export let scores: usize = 0;
/** Ids of the photos and classes that take part. [f64] */
export let photoIds: usize = 0;
export let classIds: usize = 0;
/** Whether annotations of different classes are kept apart. */
let useClasses: bool = false;
let photos: i32 = 0;
let classIdCount: i32 = 0;
/** Classes that are kept apart. */
let classes: i32 = 0;
/** From ids to their places, open addressing: place + 1, 0 where free. [u32] */
let photoSlots: usize = 0;
let classSlots: usize = 0;
/** What is left of a hash of 64 bits. */
let photoShift: u64 = 0;
let classShift: u64 = 0;

/** What was collected last: rows, and for each its class and photo. [u32] */
let rows: usize = 0;
let rowClasses: usize = 0;
let rowPhotos: usize = 0;
let rowCount: i32 = 0;

/** Objects that take part, and for each its row, class and photo. [u32] */
let truthCount: i32 = 0;
let truthRows: usize = 0;
let truthCategories: usize = 0;
let truthImages: usize = 0;
/** Detections alike. */
let detectionCount: i32 = 0;
let detectionRows: usize = 0;
let detectionCategories: usize = 0;
let detectionImages: usize = 0;
/** The row of a detection that takes part and has no score, or -1. */
export let scoreless: i32 = -1;

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

/** Makes room for tables of so many rows, and for so many photos and classes. */
export function begin(truthsInAll: i32, detectionsInAll: i32, photoCount: i32, classCount: i32, keepApart: bool): void {
  useClasses = keepApart;
  photos = photoCount;
  classIdCount = classCount;
  classes = keepApart ? classCount : 1;
  ids = column(max(truthsInAll, detectionsInAll), 8);
  truthPhotoIds = column(truthsInAll, 8);
  truthClassIds = column(truthsInAll, 8);
  truthOrder = column(truthsInAll, 4);
  detectionPhotoIds = column(detectionsInAll, 8);
  detectionClassIds = column(detectionsInAll, 8);
  detectionOrder = column(detectionsInAll, 4);
  scores = column(detectionsInAll, 8);
  starts = column(max(DIGITS, max(photos, classIdCount)) + 1, 4);
  photoIds = column(photos, 8);
  classIds = column(classIdCount, 8);
  photoShift = shiftFor(photos);
  photoSlots = column(<u64>1 << (64 - photoShift), 4);
  classShift = shiftFor(classIdCount);
  classSlots = column(<u64>1 << (64 - classShift), 4);
}

/** Looks through `ids`. @returns the first row without one, or -1 where one occurs twice, or -2 */
export function checkIds(count: i32): i32 {
  let ascending = true;
  let before = -Infinity;
  for (let row = 0; row < count; row++) {
    const id = load<f64>(ids + 8 * row);
    if (isNaN(id)) return row;
    if (row > 0 && id <= before) ascending = false;
    before = id;
  }
  if (ascending) return -2;
  const shift = shiftFor(count);
  return fillSlots(column(<u64>1 << (64 - shift), 4), shift, ids, count) ? -1 : -2;
}

/**
 * Finds what takes part, in the order in which pycocotools collects it for each cell.
 * @param truthsListed rows in `truthOrder`, -1 for all `truthsInAll`; of detections alike
 */
export function place(truthsInAll: i32, truthsListed: i32, detectionsInAll: i32, detectionsListed: i32): void {
  fillSlots(photoSlots, photoShift, photoIds, photos);
  fillSlots(classSlots, classShift, classIds, classIdCount);
  collect(truthsInAll, truthsListed, truthOrder, truthPhotoIds, truthClassIds);
  truthCount = rowCount;
  truthRows = rows;
  truthCategories = rowClasses;
  truthImages = rowPhotos;
  collect(detectionsInAll, detectionsListed, detectionOrder, detectionPhotoIds, detectionClassIds);
  detectionCount = rowCount;
  detectionRows = rows;
  detectionCategories = rowClasses;
  detectionImages = rowPhotos;
  scoreless = -1;
  for (let i = 0; i < detectionCount && scoreless === -1; i++) {
    const row = load<u32>(detectionRows + 4 * i);
    if (isNaN(load<f64>(scores + 8 * row))) scoreless = row;
  }
}

/** Lists the rows of a table that take part. */
function collect(inAll: i32, listed: i32, order: usize, photoIdOf: usize, classIdOf: usize): void {
  const looked = listed === -1 ? inAll : listed;
  makeRoom(looked);
  for (let i = 0; i < looked; i++) {
    const row = listed === -1 ? i : load<u32>(order + 4 * i);
    const category = find(classSlots, classShift, classIds, load<f64>(classIdOf + 8 * row));
    const image = find(photoSlots, photoShift, photoIds, load<f64>(photoIdOf + 8 * row));
    if (category !== -1 && image !== -1) keep(row, category, image);
  }
  if (!useClasses) stringTogether();
}

function makeRoom(count: i32): void {
  rows = column(count, 4);
  rowClasses = column(count, 4);
  rowPhotos = column(count, 4);
  rowCount = 0;
}

function keep(row: u32, category: i32, image: i32): void {
  store<u32>(rows + 4 * rowCount, row);
  store<u32>(rowClasses + 4 * rowCount, category);
  store<u32>(rowPhotos + 4 * rowCount++, image);
}

/** Without classes the lists of the classes follow each other in the given order, one given twice twice. */
function stringTogether(): void {
  const byClass = countingSort(identity(rowCount), rowCount, rowClasses, classIdCount);
  const oldRows = rows;
  const oldPhotos = rowPhotos;
  let count = 0;
  for (let pass = 0; pass < classIdCount; pass++) {
    const category = classOfPass(pass);
    if (category !== -1) count += sortedEnd(category) - sortedEnd(category - 1);
  }
  makeRoom(count);
  for (let pass = 0; pass < classIdCount; pass++) {
    const category = classOfPass(pass);
    if (category === -1) continue;
    const end = sortedEnd(category);
    for (let i = sortedEnd(category - 1); i < end; i++) {
      const entry = load<u32>(byClass + 4 * i);
      keep(load<u32>(oldRows + 4 * entry), 0, load<u32>(oldPhotos + 4 * entry));
    }
  }
}

function classOfPass(pass: i32): i32 {
  return find(classSlots, classShift, classIds, load<f64>(classIds + 8 * pass));
}

/** Where the entries with a key end that were sorted by countingSort last. */
function sortedEnd(key: i32): i32 {
  return key < 0 ? 0 : load<i32>(starts + 4 * key);
}

/** For a table of at least twice as many slots. */
function shiftFor(count: i32): u64 {
  return clz(<u64>max(count, 1)) - 1;
}

/** Of places with the same id it is the last. NaN stands for none. @returns whether an id occurs twice */
function fillSlots(slots: usize, shift: u64, idOf: usize, count: i32): bool {
  memory.fill(slots, 0, 4 << <i32>(64 - shift));
  let repeated = false;
  for (let i = 0; i < count; i++) {
    const id = load<f64>(idOf + 8 * i);
    if (isNaN(id)) continue;
    const slot = slots + 4 * slotOf(slots, shift, idOf, id);
    if (load<u32>(slot) !== 0) repeated = true;
    store<u32>(slot, i + 1);
  }
  return repeated;
}

/** The place of an id, or -1. */
function find(slots: usize, shift: u64, idOf: usize, id: f64): i32 {
  return isNaN(id) ? -1 : load<i32>(slots + 4 * slotOf(slots, shift, idOf, id)) - 1;
}

/** Where an id is, or would be put. */
function slotOf(slots: usize, shift: u64, idOf: usize, id: f64): u32 {
  const mask = <u32>((<u64>1 << (64 - shift)) - 1);
  // -0 becomes 0, which it equals.
  let slot = <u32>((reinterpret<u64>(id + 0) * 0x9e37_79b9_7f4a_7c15) >> shift);
  let place = load<i32>(slots + 4 * slot) - 1;
  while (place >= 0 && load<f64>(idOf + 8 * place) !== id) {
    slot = (slot + 1) & mask;
    place = load<i32>(slots + 4 * slot) - 1;
  }
  return slot;
}

/** Makes room for the results. */
function beginResults(): void {
  categories = column(truthCount + detectionCount, 4);
  images = column(truthCount + detectionCount, 4);
  truthStarts = column(truthCount + detectionCount + 1, 4);
  truths = column(truthCount, 4);
  detectionStarts = column(truthCount + detectionCount + 1, 4);
  detections = column(detectionCount, 4);
  rankingStarts = column(classes + 1, 4);
  ranking = column(detectionCount, 4);
  ranks = column(detectionCount, 4);
  keys = column(detectionCount, 8);
  placeOf = column(detectionCount, 4);
}

/**
 * Sorts and cuts. @returns the number of cells
 * @param most detections kept per cell
 */
export function group(most: f64): i32 {
  beginResults();
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
    const bits = reinterpret<u64>(load<f64>(scores + 8 * load<u32>(detectionRows + 4 * i)) + 0);
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
