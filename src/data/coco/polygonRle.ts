// Polygons and boxes as masks, pixel for pixel as pycocotools draws them.
//
// The outline is drawn on a grid five times as fine. A column of pixels n is entered or left where the outline steps between the
// fine columns 5n + 2 and 5n + 3; the upper of the two fine rows there, divided by five, is where the mask changes. Only those
// steps are computed here, from each edge's equation in the same double arithmetic, not every point of the outline.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleFrPoly, rleFrBbox).

import { DataError } from '../../errors.ts';
import { checkMaskSize, type Rle } from './rle.ts';

const SCALE = 5;
/** On the fine grid. Beyond it pycocotools' 32-bit integers overflow. */
const MAX_FINE = 2 ** 30;

/** Places for crossings at a time: a polygon that needs more is drawn in strips. */
const MOST_PLACES = 2 ** 22;

// Memory that is used again. Loops take it into local variables: they would look at these ones again in each round.
/** Points on the fine grid, the first again behind the last. */
let fineX = new Int32Array(256);
let fineY = new Int32Array(256);
/** By column of pixels: how often the outline crosses it, and, `places` for each, in which rows. */
let crossings = new Int32Array(1024);
let rows = new Int32Array(8192);
/** Places per column. */
let places = 8;
let changes = new Uint32Array(1024);

/**
 * The union of polygons.
 * @param polygons each x0, y0, x1, y1, … in px; an odd last number is ignored, as pycocotools does
 * @throws DataError naming the number that is not finite or too large; for no polygon
 */
export function rleFromPolygons(polygons: readonly ArrayLike<number>[], height: number, width: number): Rle {
  if (polygons.length === 0) throw new DataError('rleFromPolygons: expected at least one polygon for polygons, got none');
  let changes: Uint32Array = new Uint32Array(0);
  for (const polygon of polygons) {
    const more = polygonChanges(polygon, 0, polygon.length, height, width);
    changes = changes.length === 0 ? more.slice() : unionOfChanges(changes, more);
  }
  return rleFromChanges(changes, height, width);
}

/**
 * The mask of one polygon x0, y0, x1, y1, … in px. Where it crosses itself, pixels inside twice are outside.
 * @throws DataError naming the number that is not finite or too large
 */
export function rleFromPolygon(polygon: ArrayLike<number>, height: number, width: number): Rle {
  return rleFromChanges(polygonChanges(polygon, 0, polygon.length, height, width), height, width);
}

function rleFromChanges(changes: Uint32Array, height: number, width: number): Rle {
  const counts = new Uint32Array(changes.length + 1);
  let start = 0;
  for (let i = 0; i < changes.length; i++) {
    counts[i] = changes[i]! - start;
    start = changes[i]!;
  }
  const rest = height * width - start;
  if (rest === 0 && changes.length > 0) return { height, width, counts: counts.slice(0, -1) };
  counts[changes.length] = rest;
  return { height, width, counts };
}

/**
 * The mask of a box x, y, width, height in px: the polygon of its corners.
 * @throws DataError as rleFromPolygon
 */
export function rleFromBox(box: ArrayLike<number>, height: number, width: number): Rle {
  const [x = NaN, y = NaN, w = NaN, h = NaN] = Array.from(box);
  return rleFromPolygon([x, y, x, y + h, x + w, y + h, x + w, y], height, width);
}

/**
 * Where a polygon's mask changes between 0 and 1, as positions x * height + y in order.
 * @param numbers holds the polygon from `start` to `end`
 * @returns a view that the next call overwrites
 * @throws DataError as rleFromPolygon
 */
export function polygonChanges(
  numbers: ArrayLike<number>, start: number, end: number, height: number, width: number,
): Uint32Array {
  checkMaskSize(height, width, 'rleFromPolygon');
  const points = (end - start) >> 1;
  toFineGrid(numbers, start, points);
  const xs = fineX;
  let left = MAX_FINE;
  let right = -MAX_FINE;
  for (let j = 0; j < points; j++) {
    const x = xs[j]!;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  // The size comes from tables of doubles: loops over integers are faster.
  const count = drawStrip(points, firstColumn(left), lastColumn(right, width >>> 0), height >>> 0, 0);
  return changes.subarray(0, count);
}

/**
 * Finds the changes in the columns from `low` to `high`.
 * @param count changes so far
 * @returns changes now
 */
function drawStrip(points: number, low: number, high: number, height: number, count: number): number {
  const width = high - low + 1;
  if (!(width > 0)) return count;
  if (crossings.length < width) crossings = new Int32Array(2 * width);
  for (places = 8; ; ) {
    if (rows.length < width * places) rows = new Int32Array(width * places);
    crossings.fill(0, 0, width);
    const [xs, ys] = [fineX, fineY];
    for (let j = 0; j < points; j++) crossEdge(xs[j]!, ys[j]!, xs[j + 1]!, ys[j + 1]!, low, high);
    let most = 0;
    for (let n = 0; n < width; n++) if (crossings[n]! > most) most = crossings[n]!;
    if (most <= places) return collectChanges(low, width, height, count);
    // Once more with places for all; in strips if those were too many.
    if (width > 1 && width * most > MOST_PLACES) break;
    places = most;
  }
  const middle = low + (width >> 1);
  return drawStrip(points, middle, high, height, drawStrip(points, low, middle - 1, height, count));
}

/** The first column of pixels, 0 or more, that an outline from this fine column on can cross. */
function firstColumn(fine: number): number {
  return fine > 2 ? ((fine + 2) / SCALE) | 0 : 0;
}

/** The last column of pixels that an outline up to this fine column can cross; -1 if none. */
function lastColumn(fine: number, width: number): number {
  return fine > 2 ? Math.min(width - 1, ((fine - 3) / SCALE) | 0) : -1;
}

/** Where the union of two masks changes, from where they change. */
export function unionOfChanges(a: Uint32Array, b: Uint32Array): Uint32Array {
  const union = new Uint32Array(a.length + b.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const insideBefore = (i | j) & 1; // in a or in b
    const nextA = i < a.length ? a[i]! : Infinity;
    const nextB = j < b.length ? b[j]! : Infinity;
    if (nextA <= nextB) i++;
    if (nextB <= nextA) j++;
    if (((i | j) & 1) !== insideBefore) union[count++] = Math.min(nextA, nextB);
  }
  return union.subarray(0, count);
}

function toFineGrid(numbers: ArrayLike<number>, start: number, points: number): void {
  if (points >= fineX.length) {
    fineX = new Int32Array(2 * points);
    fineY = new Int32Array(2 * points);
  }
  const [xs, ys] = [fineX, fineY];
  for (let j = 0; j < points; j++) {
    const x = SCALE * numbers[start + 2 * j]! + 0.5;
    const y = SCALE * numbers[start + 2 * j + 1]! + 0.5;
    if (!(Math.abs(x) < MAX_FINE && Math.abs(y) < MAX_FINE)) {
      const at = Math.abs(x) < MAX_FINE ? 2 * j + 1 : 2 * j;
      throw new DataError(`rleFromPolygon: expected numbers between ${-MAX_FINE / SCALE} and ${MAX_FINE / SCALE} for polygon, got ${numbers[start + at]} at ${at}`);
    }
    xs[j] = x; // an Int32Array cuts towards 0, as C does
    ys[j] = y;
  }
  xs[points] = xs[0]!;
  ys[points] = ys[0]!;
}

/** Adds an edge's crossings of the columns from `low` to `high`; those without a place are only counted. */
function crossEdge(fromX: number, fromY: number, toX: number, toY: number, low: number, high: number): void {
  const first = Math.max(low, firstColumn(fromX < toX ? fromX : toX));
  const last = lastColumn(fromX < toX ? toX : fromX, high + 1);
  if (last < first) return;
  const dx = Math.abs(toX - fromX);
  const dy = Math.abs(toY - fromY);
  // The longer axis is walked upwards; rounding depends on the direction.
  if (dx < dy) {
    if (fromY < toY) crossSteep(fromX, fromY, (toX - fromX) / dy, first, last, low);
    else crossSteep(toX, toY, (fromX - toX) / dy, first, last, low);
  } else if (fromX < toX) crossShallow(fromX, fromY, (toY - fromY) / dx, first, last, low);
  else crossShallow(toX, toY, (fromY - toY) / dx, first, last, low);
}

/** An edge that goes right from x, y, by `slope` per step: crosses at the steps between 5n + 2 and 5n + 3. */
function crossShallow(x: number, y: number, slope: number, first: number, last: number, low: number): void {
  const [counts, into, room] = [crossings, rows, places];
  // The upper of the two rows there is that of the first step, or of the second where the edge rises.
  let t = SCALE * first + (slope < 0 ? 3 : 2) - x;
  for (let column = first - low; column <= last - low; column++, t += SCALE) {
    const place = counts[column]!;
    counts[column] = place + 1;
    if (place < room) into[column * room + place] = (y + slope * t + 0.5) | 0;
  }
}

/** An edge that goes down from x, y, by `slope` per step to the side. */
function crossSteep(x: number, y: number, slope: number, first: number, last: number, low: number): void {
  const [counts, into, room] = [crossings, rows, places];
  const inverse = 1 / slope;
  const right = slope > 0;
  let line = SCALE * first + 3;
  for (let column = first - low; column <= last - low; column++, line += SCALE) {
    // The first step after which the fine column is on the other side of the line between 5n + 2 and 5n + 3.
    let t = Math.ceil((line - 0.5 - x) * inverse);
    while ((x + slope * t + 0.5 >= line) !== right) t++;
    while ((x + slope * (t - 1) + 0.5 >= line) === right) t--;
    const place = counts[column]!;
    counts[column] = place + 1;
    if (place < room) into[column * room + place] = y + t - 1;
  }
}

/** Puts the crossings in order into `changes`, as positions in the image; two at one place are none. @returns their number */
function collectChanges(low: number, width: number, height: number, count: number): number {
  const [counts, from, room] = [crossings, rows, places];
  let result = changes;
  let kept = count;
  let top = low * height;
  for (let n = 0; n < width; n++, top += height) {
    const crossed = counts[n]!;
    const start = n * room;
    if (kept + crossed > result.length) {
      result = new Uint32Array(2 * (kept + crossed));
      result.set(changes);
      changes = result;
    }
    if (crossed === 2) {
      // The usual case, without the loops.
      const one = pixelRow(from[start]!, height);
      const other = pixelRow(from[start + 1]!, height);
      if (one === other) continue;
      const upper = top + (one < other ? one : other);
      if (kept > 0 && result[kept - 1] === upper) kept--;
      else result[kept++] = upper;
      result[kept++] = top + (one < other ? other : one);
      continue;
    }
    sortRows(from, start, start + crossed);
    for (let i = start; i < start + crossed; i++) {
      const position = top + pixelRow(from[i]!, height);
      if (kept > 0 && result[kept - 1] === position) kept--;
      else result[kept++] = position;
    }
  }
  return kept;
}

/** ceil((fine + 0.5) / 5 - 0.5), limited to the image. */
function pixelRow(fine: number, height: number): number {
  if (fine <= 2) return 0;
  const row = ((fine + 2) / SCALE) | 0;
  return row < height ? row : height;
}

/** Sorts the rows of one column: two, mostly, or a few. */
function sortRows(values: Int32Array, start: number, end: number): void {
  // Insertion would take forever over an outline made of hatching.
  if (end - start > 64) {
    values.subarray(start, end).sort();
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const value = values[i]!;
    let j = i - 1;
    while (j >= start && values[j]! > value) {
      values[j + 1] = values[j]!;
      j--;
    }
    values[j + 1] = value;
  }
}
