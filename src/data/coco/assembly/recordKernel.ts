// Annotations and photos of a COCO file into columns, record after record. JavaScript copies a part of the text here; what it
// calls is described in ../recordKernel.ts.

import { CLOSE_OBJECT, COLON, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, QUOTE } from './bytes';
import { at, readNumber, setAt, skipSpace, skipString, skipValue, take, value } from './json';

/** Records at a time. */
export const ROWS: i32 = 4096;
/** Bytes of text at a time. */
export const TEXT_BYTES: i32 = 1 << 18;

/** Why scanning stopped: behind a record without a comma; before one that is unusual; the text ended; the columns are full. */
const AFTER: i32 = 0;
const UNUSUAL: i32 = 1;
const CUT: i32 = 2;
const FULL: i32 = 3;

/** The text, a NUL behind it, and room for 16 bytes at once. */
export const text: usize = heap.alloc(TEXT_BYTES + 64);
/**
 * [6][ROWS] id, image_id, category_id, area, score, num_keypoints of annotations; id, width, height of photos; NaN where missing.
 * [f64]
 */
export const numbers: usize = heap.alloc(6 * 8 * ROWS);
/** [ROWS][4] bbox; NaN where missing. [f64] */
export const boxes: usize = heap.alloc(4 * 8 * ROWS);
/** [4][ROWS] where the record, its segmentation and its keypoints begin, and the segmentation ends; 0: nowhere. [u32] */
export const places: usize = heap.alloc(4 * 4 * ROWS);
/** [ROWS] iscrowd; 255 where missing. [u8] */
export const crowds: usize = heap.alloc(ROWS);

/** Where in the text scanning goes on. */
export let position: i32 = 0;
/** One of the reasons above. */
export let reason: i32 = AFTER;

/**
 * Reads records from there on.
 * @param from where in the text the first begins
 * @param length of the text; the byte behind it has to be 0
 * @param isPhotos whether the records are photos, not annotations
 * @returns how many were read
 */
export function scan(from: i32, length: i32, isPhotos: bool): i32 {
  setAt(text + from);
  position = from;
  let row = 0;
  do {
    if (row === ROWS) return stop(row, FULL);
    if (!readRecord(row, isPhotos)) return stop(row, at >= text + length ? CUT : UNUSUAL);
    row++;
    position = <i32>(at - text);
    if (!take(COMMA)) return stop(row, AFTER);
    position = <i32>(at - text);
  } while (true);
}

function stop(rows: i32, why: i32): i32 {
  reason = why;
  return rows;
}

function readRecord(row: i32, isPhoto: bool): bool {
  skipSpace();
  const start = at;
  if (!take(OPEN_OBJECT)) return false;
  for (let column = 0; column < 6; column++) setNumber(column, row, NaN);
  for (let side = 0; side < 4; side++) store<f64>(boxes + 8 * (4 * row + side), NaN);
  store<u8>(crowds + row, 255);
  setPlace(0, row, start);
  for (let column = 1; column < 4; column++) setPlace(column, row, text);
  if (take(CLOSE_OBJECT)) return true;
  do {
    if (!readMember(row, isPhoto)) return false;
  } while (take(COMMA));
  return take(CLOSE_OBJECT);
}

function setNumber(column: i32, row: i32, number: f64): void {
  store<f64>(numbers + 8 * (column * ROWS + row), number);
}

function setPlace(column: i32, row: i32, place: usize): void {
  store<u32>(places + 4 * (column * ROWS + row), <u32>(place - text));
}

/** Reads a key and its value. */
function readMember(row: i32, isPhoto: bool): bool {
  skipSpace();
  if (load<u8>(at) !== QUOTE) return false;
  const key = at + 1;
  if (!skipString()) return false;
  const length = <i32>(at - key) - 1;
  if (!take(COLON)) return false;
  const column = isPhoto ? photoColumnOf(key, length) : columnOf(key, length);
  if (column >= 0) {
    if (!readNumber() || (isId(column, isPhoto) && !isExactId(value))) return false;
    setNumber(column, row, value);
    return true;
  }
  if (isPhoto) return !hasEscape(key, length) && skipValue(0);
  const first = load<u32>(key);
  if (length === 4 && first === 0x786f6262) return readBox(row); // bbox
  if (length === 7 && first === 0x72637369 && load<u32>(key, 3) === 0x64776f72) { // iscr, rowd
    if (!readNumber()) return false;
    store<u8>(crowds + row, value === 0 ? 0 : 1);
    return true;
  }
  // segmenta, entation
  const isSegmentation = length === 12 && load<u64>(key) === 0x61746e656d676573 && load<u64>(key, 4) === 0x6e6f697461746e65;
  // keypoint, s
  const isKeypoints = length === 9 && load<u64>(key) === 0x746e696f7079656b && load<u8>(key, 8) === 0x73;
  // An escape may spell one of the keys.
  if (!isSegmentation && !isKeypoints && hasEscape(key, length)) return false;
  skipSpace();
  const start = at;
  if ((isSegmentation || isKeypoints) && load<u8>(start) === 0x6e) return false; // null
  if (!skipValue(0)) return false;
  if (isKeypoints) setPlace(2, row, start);
  if (isSegmentation) {
    setPlace(1, row, start);
    setPlace(3, row, at);
  }
  return true;
}

function hasEscape(key: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (load<u8>(key + i) === 0x5c) return true;
  return false;
}

/** Whether a column of `numbers` holds ids. */
function isId(column: i32, isPhoto: bool): bool {
  return isPhoto ? column === 0 : column < 3;
}

/** As in ../exactId.ts. */
function isExactId(id: f64): bool {
  return abs(id) < 9_007_199_254_740_992;
}

/** The column of `numbers` that a key names, or -1. */
function columnOf(key: usize, length: i32): i32 {
  switch (length) {
    // The letters stand beside, the first in the lowest byte.
    case 2: return load<u16>(key) === 0x6469 ? 0 : -1; // id
    case 4: return load<u32>(key) === 0x61657261 ? 3 : -1; // area
    case 5: return load<u32>(key) === 0x726f6373 && load<u8>(key, 4) === 0x65 ? 4 : -1; // scor, e
    case 8: return load<u64>(key) === 0x64695f6567616d69 ? 1 : -1; // image_id
    // category, egory_id
    case 11: return load<u64>(key) === 0x79726f6765746163 && load<u64>(key, 3) === 0x64695f79726f6765 ? 2 : -1;
    // num_keyp, eypoints
    case 13: return load<u64>(key) === 0x7079656b5f6d756e && load<u64>(key, 5) === 0x73746e696f707965 ? 5 : -1;
    default: return -1;
  }
}

/** The same of photos. */
function photoColumnOf(key: usize, length: i32): i32 {
  switch (length) {
    case 2: return load<u16>(key) === 0x6469 ? 0 : -1; // id
    case 5: return load<u32>(key) === 0x74646977 && load<u8>(key, 4) === 0x68 ? 1 : -1; // widt, h
    case 6: return load<u32>(key) === 0x67696568 && load<u16>(key, 4) === 0x7468 ? 2 : -1; // heig, ht
    default: return -1;
  }
}

function readBox(row: i32): bool {
  if (!take(OPEN_LIST)) return false;
  for (let side = 0; side < 4; side++) {
    if (!readNumber()) return false;
    store<f64>(boxes + 8 * (4 * row + side), value);
    if (!take(side < 3 ? COMMA : CLOSE_LIST)) return false;
  }
  return true;
}
