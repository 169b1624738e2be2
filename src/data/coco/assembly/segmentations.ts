// Segmentations as almost all files write them: polygons of plain numbers, or a size and compressed runs. Anything else is left
// to JavaScript, which reads every way to write JSON. The text is known to be JSON.

import { withReserve } from './buffer';
import { CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, OPEN_LIST, OPEN_OBJECT, QUOTE } from './bytes';
import { at, readNumber, setAt, skipSpace, skipString, take, value } from './json';
import { addEnds, addPolygons } from './masks';
import { UNUSUAL } from './outcomes';
import { reserveNumbers, reservePolygons } from './polygons';
import { readRuns } from './runs';

/** Bytes behind the text that may be read with it. */
const PADDING: i32 = 32;

/** Text to be read. [u8] */
let text: usize = heap.alloc(4096);
let textRoom: u32 = 4096;

/** Makes room for so many bytes of text. */
export function reserveText(bytes: i32): usize {
  if (<u32>(bytes + PADDING) > textRoom) {
    textRoom = withReserve(bytes + PADDING);
    text = heap.alloc(textRoom);
  }
  return text;
}

/**
 * Adds the segmentation that begins in the text there.
 * @param length of its text, or of more
 * @param height of the photo, px; for polygons
 * @param width of the photo, px; for polygons
 * @param near see addPolygons
 * @returns the mask's number, or an outcome
 */
export function addText(start: i32, length: i32, height: u32, width: u32, near: i32): i32 {
  const limit = text + start + length;
  // A byte at which every loop ends.
  store<u8>(limit, 0);
  setAt(text + start);
  if (take(OPEN_OBJECT)) return addRuns(limit);
  if (!take(OPEN_LIST)) return UNUSUAL;
  const polygons = readPolygons();
  return polygons < 0 ? polygons : addPolygons(polygons, height, width, near);
}

/** Decodes the compressed runs that are the text from there on, behind the ends in use. @returns their number, or an outcome */
export function decodeString(start: i32, length: i32, pixels: u32, escaped: bool): i32 {
  return readRuns(text + start, text + start + length, pixels, escaped);
}

/** @returns the number of polygons, or an outcome */
function readPolygons(): i32 {
  let polygons = 0;
  let count = 0;
  do {
    if (!take(OPEN_LIST)) return UNUSUAL;
    do {
      if (!readNumber()) return UNUSUAL;
      store<f64>(reserveNumbers(count + 1) + 8 * count++, value);
    } while (take(COMMA));
    if (!take(CLOSE_LIST)) return UNUSUAL;
    store<i32>(reservePolygons(polygons + 1) + 4 * polygons++, count);
  } while (take(COMMA));
  return take(CLOSE_LIST) ? polygons : UNUSUAL;
}

/** Adds a mask of "size" and "counts", in whichever order. @returns its number, or an outcome */
function addRuns(limit: usize): i32 {
  let height: f64 = -1;
  let width: f64 = -1;
  let counts: usize = 0;
  do {
    skipSpace();
    const key = at + 1;
    if (load<u8>(at) !== QUOTE || !skipString()) return UNUSUAL;
    const length = at - key - 1;
    if (!take(COLON)) return UNUSUAL;
    if (length === 4 && load<u32>(key) === 0x657a6973 && height < 0) { // size
      if (!take(OPEN_LIST) || !readNumber()) return UNUSUAL;
      height = value;
      if (!take(COMMA) || !readNumber()) return UNUSUAL;
      width = value;
      if (!take(CLOSE_LIST) || !isSize(height, width)) return UNUSUAL;
    } else if (length === 6 && load<u32>(key) === 0x6e756f63 && load<u16>(key, 4) === 0x7374 && counts === 0) { // coun, ts
      skipSpace();
      counts = at + 1;
      if (load<u8>(at) !== QUOTE || !skipString()) return UNUSUAL;
    } else return UNUSUAL;
  } while (take(COMMA));
  if (!take(CLOSE_OBJECT) || height < 0 || counts === 0) return UNUSUAL;
  const runs = readRuns(counts, limit, <u32>height * <u32>width, true);
  // What is wrong is found again, and named, by reading it in the general way.
  if (runs < 0) return UNUSUAL;
  const mask = addEnds(runs, <u32>height, <u32>width);
  return mask < 0 ? UNUSUAL : mask;
}

/** Whether both are whole numbers from 0 on whose product is below 2^32. */
function isSize(height: f64, width: f64): bool {
  return height >= 0 && width >= 0 && height === trunc(height) && width === trunc(width) &&
    max(height, width) <= <f64>u32.MAX_VALUE && height * width <= <f64>u32.MAX_VALUE;
}
