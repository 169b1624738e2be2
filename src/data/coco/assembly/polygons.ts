// Polygons as masks, pixel for pixel as pycocotools draws them.
//
// The outline is drawn on a grid five times as fine. A column of pixels n is entered or left where the outline steps between the
// fine columns 5n + 2 and 5n + 3; the upper of the two fine rows there, divided by five, is where the mask changes. Only those
// steps are computed here, from each edge's equation in the same double arithmetic, not every point of the outline.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleFrPoly).

import { grown, withReserve } from './buffer';
import { NOT_DRAWABLE } from './outcomes';

const SCALE: i32 = 5;
/** On the fine grid. Beyond it pycocotools' 32-bit integers overflow. */
const MAX_FINE: i32 = 1 << 30;
/** Places for crossings at a time: a polygon that needs more is drawn in strips. */
const MOST_PLACES: i64 = 1 << 22;
/** Columns with up to so many crossings are sorted by insertion, which would take forever over an outline made of hatching. */
const MOST_INSERTED: i32 = 64;

/** x0, y0, x1, y1, … in px of all polygons of a mask. [f64] */
export let numbers: usize = heap.alloc(4096);
let numbersRoom: u32 = 4096;
/** Where each polygon ends in `numbers`. [u32] */
export let polygonEnds: usize = heap.alloc(4096);
let polygonEndsRoom: u32 = 4096;
/** Where the mask changes between 0 and 1, as positions x * height + y in order. [u32] */
export let changes: usize = heap.alloc(4096);
let changesRoom: u32 = 4096;

/** Points on the fine grid, x, y, the first again behind the last. [i32] */
let points: usize = heap.alloc(4096);
let pointsRoom: u32 = 4096;
/** By column of pixels: how often the outline crosses it. [i32] */
let crossings: usize = heap.alloc(4096);
let crossingsRoom: u32 = 4096;
/** By column, `places` for each: in which rows. [i32] */
let rows: usize = heap.alloc(4096);
let rowsRoom: u32 = 4096;
let places: i32 = 8;
/** Changes of the polygons before. [u32] */
let before: usize = heap.alloc(4096);
let beforeRoom: u32 = 4096;
/** Room for their union with those of the next one. [u32] */
let union: usize = heap.alloc(4096);
let unionRoom: u32 = 4096;

/** Makes room for so many numbers. */
export function reserveNumbers(count: i32): usize {
  if (<u32>count * 8 > numbersRoom) {
    const room = withReserve(<u32>count * 8);
    numbers = grown(numbers, numbersRoom, room);
    numbersRoom = room;
  }
  return numbers;
}

/** Makes room for so many polygons. */
export function reservePolygons(count: i32): usize {
  if (<u32>count * 4 > polygonEndsRoom) {
    const room = withReserve(<u32>count * 4);
    polygonEnds = grown(polygonEnds, polygonEndsRoom, room);
    polygonEndsRoom = room;
  }
  return polygonEnds;
}

/**
 * Draws the union of the polygons in `numbers`.
 * @returns the number of changes, or an outcome
 */
export function drawPolygons(polygons: i32, height: i32, width: i32): i32 {
  let count = drawPolygon(0, load<i32>(polygonEnds), height, width);
  for (let i = 1; i < polygons && count >= 0; i++) {
    if (<u32>count * 4 > beforeRoom) {
      beforeRoom = withReserve(<u32>count * 4);
      before = heap.alloc(beforeRoom);
    }
    memory.copy(before, changes, 4 * count);
    const start = load<i32>(polygonEnds + 4 * (i - 1));
    const more = drawPolygon(start, load<i32>(polygonEnds + 4 * i), height, width);
    count = more < 0 ? more : uniteChanges(count, more);
  }
  return count;
}

/** Draws one polygon: the numbers from `start` to `end`, of which an odd last one is ignored. */
function drawPolygon(start: i32, end: i32, height: i32, width: i32): i32 {
  const count = (end - start) >> 1;
  if (<u32>(count + 1) * 8 > pointsRoom) {
    pointsRoom = withReserve(<u32>(count + 1) * 8);
    points = heap.alloc(pointsRoom);
  }
  let left = MAX_FINE;
  let right = -MAX_FINE;
  const from = numbers + 8 * start;
  for (let j = 0; j < count; j++) {
    const x = <f64>SCALE * load<f64>(from + 16 * j) + 0.5;
    const y = <f64>SCALE * load<f64>(from + 16 * j, 8) + 0.5;
    if (!(abs(x) < <f64>MAX_FINE && abs(y) < <f64>MAX_FINE)) return NOT_DRAWABLE;
    // Cut towards 0, as C does.
    const column = <i32>x;
    store<i32>(points + 8 * j, column);
    store<i32>(points + 8 * j, <i32>y, 4);
    left = min(left, column);
    right = max(right, column);
  }
  store<u64>(points + 8 * count, load<u64>(points));
  return drawStrip(count, firstColumn(left), lastColumn(right, width), height, 0);
}

/**
 * Finds the changes in the columns from `low` to `high`.
 * @param found changes so far
 * @returns changes now
 */
function drawStrip(count: i32, low: i32, high: i32, height: i32, found: i32): i32 {
  const width = high - low + 1;
  if (width <= 0) return found;
  for (places = 8; ; ) {
    // In strips if it takes too many places.
    if (width > 1 && <i64>width * places > MOST_PLACES) break;
    if (<u32>width * 4 > crossingsRoom) {
      crossingsRoom = withReserve(4 * width);
      crossings = heap.alloc(crossingsRoom);
    }
    if (<u32>width * places * 4 > rowsRoom) {
      rowsRoom = withReserve(4 * width * places);
      rows = heap.alloc(rowsRoom);
    }
    memory.fill(crossings, 0, 4 * width);
    for (let j = 0; j < count; j++) {
      const point = points + 8 * j;
      crossEdge(load<i32>(point), load<i32>(point, 4), load<i32>(point, 8), load<i32>(point, 12), low, high);
    }
    let most = 0;
    for (let n = 0; n < width; n++) most = max(most, load<i32>(crossings + 4 * n));
    if (most <= places) return collectChanges(low, width, height, found);
    // Once more, with places for all.
    places = most;
  }
  const middle = low + (width >> 1);
  return drawStrip(count, middle, high, height, drawStrip(count, low, middle - 1, height, found));
}

/** The first column of pixels, 0 or more, that an outline from this fine column on can cross. */
function firstColumn(fine: i32): i32 {
  return fine > 2 ? <i32>(<u32>(fine + 2) / SCALE) : 0;
}

/** The last column of pixels that an outline up to this fine column can cross; -1 if none. */
function lastColumn(fine: i32, width: i32): i32 {
  return fine > 2 ? min(width - 1, <i32>(<u32>(fine - 3) / SCALE)) : -1;
}

/** Adds an edge's crossings of the columns from `low` to `high`; those without a place are only counted. */
function crossEdge(fromX: i32, fromY: i32, toX: i32, toY: i32, low: i32, high: i32): void {
  const first = max(low, firstColumn(min(fromX, toX)));
  const last = lastColumn(max(fromX, toX), high + 1);
  if (last < first) return;
  const dx = abs(toX - fromX);
  const dy = abs(toY - fromY);
  // The longer axis is walked upwards; rounding depends on the direction.
  if (dx < dy) {
    if (fromY < toY) crossSteep(fromX, fromY, <f64>(toX - fromX) / <f64>dy, first, last, low);
    else crossSteep(toX, toY, <f64>(fromX - toX) / <f64>dy, first, last, low);
  } else if (fromX < toX) crossShallow(fromX, fromY, <f64>(toY - fromY) / <f64>dx, first, last, low);
  else crossShallow(toX, toY, <f64>(fromY - toY) / <f64>dx, first, last, low);
}

/** An edge that goes right from x, y, by `slope` per step: crosses at the steps between 5n + 2 and 5n + 3. */
function crossShallow(x: i32, y: i32, slope: f64, first: i32, last: i32, low: i32): void {
  // The upper of the two rows there is that of the first step, or of the second where the edge rises.
  let t = <f64>(SCALE * first + (slope < 0 ? 3 : 2) - x);
  for (let column = first - low; column <= last - low; column++, t += SCALE) {
    cross(column, <i32>(<f64>y + slope * t + 0.5));
  }
}

/** An edge that goes down from x, y, by `slope` per step to the side. */
function crossSteep(x: i32, y: i32, slope: f64, first: i32, last: i32, low: i32): void {
  const inverse = 1 / slope;
  const right = slope > 0;
  let line = <f64>(SCALE * first + 3);
  for (let column = first - low; column <= last - low; column++, line += SCALE) {
    // The first step after which the fine column is on the other side of the line between 5n + 2 and 5n + 3.
    let t = ceil((line - 0.5 - <f64>x) * inverse);
    while ((<f64>x + slope * t + 0.5 >= line) !== right) t++;
    while ((<f64>x + slope * (t - 1) + 0.5 >= line) === right) t--;
    cross(column, y + <i32>t - 1);
  }
}

function cross(column: i32, row: i32): void {
  const place = load<i32>(crossings + 4 * column);
  store<i32>(crossings + 4 * column, place + 1);
  if (place < places) store<i32>(rows + 4 * (column * places + place), row);
}

/** Puts the crossings in order into `changes`; two at one place are none. @returns the number of changes */
function collectChanges(low: i32, width: i32, height: i32, found: i32): i32 {
  let kept = found;
  let top = low * height;
  for (let n = 0; n < width; n++, top += height) {
    const crossed = load<i32>(crossings + 4 * n);
    const from = rows + 4 * n * places;
    if (<u32>(kept + crossed) * 4 > changesRoom) {
      const room = withReserve(4 * (kept + crossed));
      changes = grown(changes, changesRoom, room);
      changesRoom = room;
    }
    if (crossed === 2) {
      // The usual case, without the loops.
      const one = pixelRow(load<i32>(from), height);
      const other = pixelRow(load<i32>(from, 4), height);
      if (one === other) continue;
      kept = addChange(kept, top + min(one, other));
      store<u32>(changes + 4 * kept++, top + max(one, other));
      continue;
    }
    sortRows(from, crossed);
    for (let i = 0; i < crossed; i++) kept = addChange(kept, top + pixelRow(load<i32>(from + 4 * i), height));
  }
  return kept;
}

function addChange(kept: i32, position: i32): i32 {
  if (kept > 0 && load<i32>(changes + 4 * (kept - 1)) === position) return kept - 1;
  store<i32>(changes + 4 * kept, position);
  return kept + 1;
}

/** ceil((fine + 0.5) / 5 - 0.5), limited to the image. */
function pixelRow(fine: i32, height: i32): i32 {
  return fine <= 2 ? 0 : min(<i32>(<u32>(fine + 2) / SCALE), height);
}

/** Sorts the rows of one column: two, mostly, or a few. */
function sortRows(from: usize, count: i32): void {
  if (count > MOST_INSERTED) {
    heapSort(from, count);
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = load<i32>(from + 4 * i);
    let j = i - 1;
    while (j >= 0 && load<i32>(from + 4 * j) > value) {
      store<i32>(from + 4 * (j + 1), load<i32>(from + 4 * j));
      j--;
    }
    store<i32>(from + 4 * (j + 1), value);
  }
}

function heapSort(from: usize, count: i32): void {
  for (let parent = (count >> 1) - 1; parent >= 0; parent--) sink(from, parent, count);
  for (let last = count - 1; last > 0; last--) {
    const largest = load<i32>(from);
    store<i32>(from, load<i32>(from + 4 * last));
    store<i32>(from + 4 * last, largest);
    sink(from, 0, last);
  }
}

function sink(from: usize, start: i32, count: i32): void {
  const value = load<i32>(from + 4 * start);
  let hole = start;
  for (let child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
    if (child + 1 < count && load<i32>(from + 4 * child, 4) > load<i32>(from + 4 * child)) child++;
    if (load<i32>(from + 4 * child) <= value) break;
    store<i32>(from + 4 * hole, load<i32>(from + 4 * child));
    hole = child;
  }
  store<i32>(from + 4 * hole, value);
}

/** The union of the changes in `before` and in `changes`, into `changes`. @returns their number */
function uniteChanges(countA: i32, countB: i32): i32 {
  if (<u32>(countA + countB) * 4 > unionRoom) {
    unionRoom = withReserve(4 * (countA + countB));
    union = heap.alloc(unionRoom);
  }
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < countA || j < countB) {
    const inside = (i | j) & 1; // in a or in b
    const nextA = i < countA ? <u64>load<u32>(before + 4 * i) : u64.MAX_VALUE;
    const nextB = j < countB ? <u64>load<u32>(changes + 4 * j) : u64.MAX_VALUE;
    if (nextA <= nextB) i++;
    if (nextB <= nextA) j++;
    if (((i | j) & 1) !== inside) store<u32>(union + 4 * count++, <u32>min(nextA, nextB));
  }
  const block = changes;
  const room = changesRoom;
  changes = union;
  changesRoom = unionRoom;
  union = block;
  unionRoom = room;
  return count;
}
