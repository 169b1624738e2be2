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

/** Where an outline crosses columns: growing arrays, reused. */
let columns = new Int32Array(1024);
let rows = new Int32Array(1024);
let fineX = new Int32Array(256);
let fineY = new Int32Array(256);
let perColumn = new Uint32Array(1024);
let sorted = new Uint32Array(1024);

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
  let count = 0;
  for (let j = 0; j < points; j++) count = crossEdge(fineX[j]!, fineY[j]!, fineX[j + 1]!, fineY[j + 1]!, width, count);
  return withoutPairs(sortCrossings(count, height, width));
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
  for (let j = 0; j < points; j++) {
    const x = SCALE * numbers[start + 2 * j]! + 0.5;
    const y = SCALE * numbers[start + 2 * j + 1]! + 0.5;
    if (!(Math.abs(x) < MAX_FINE && Math.abs(y) < MAX_FINE)) {
      const at = Math.abs(x) < MAX_FINE ? 2 * j + 1 : 2 * j;
      throw new DataError(`rleFromPolygon: expected numbers between ${-MAX_FINE / SCALE} and ${MAX_FINE / SCALE} for polygon, got ${numbers[start + at]} at ${at}`);
    }
    fineX[j] = x; // an Int32Array cuts towards 0, as C does
    fineY[j] = y;
  }
  fineX[points] = fineX[0]!;
  fineY[points] = fineY[0]!;
}

/** Adds an edge's crossings to `columns` and `rows` (fine rows, the upper one) from `count` on. @returns the new count */
function crossEdge(fromX: number, fromY: number, toX: number, toY: number, width: number, count: number): number {
  const dx = Math.abs(toX - fromX);
  const dy = Math.abs(toY - fromY);
  if (dx === 0) return count;
  const first = Math.max(0, Math.ceil((Math.min(fromX, toX) - 2) / SCALE));
  const last = Math.min(width - 1, Math.floor((Math.max(fromX, toX) - 3) / SCALE));
  if (last < first) return count;
  if (count + last - first >= columns.length) growCrossings(count + last - first + 1);
  // The longer axis is walked upwards; rounding depends on the direction.
  const flip = dx >= dy ? fromX > toX : fromY > toY;
  const x = flip ? toX : fromX;
  const y = flip ? toY : fromY;
  if (dx >= dy) {
    const slope = (flip ? fromY - toY : toY - fromY) / dx;
    for (let n = first, t = SCALE * first + 2 - x; n <= last; n++, t += SCALE) {
      const one = Math.trunc(y + slope * t + 0.5);
      const other = Math.trunc(y + slope * (t + 1) + 0.5);
      columns[count] = n;
      rows[count++] = Math.min(one, other);
    }
    return count;
  }
  const slope = (flip ? fromX - toX : toX - fromX) / dy;
  for (let n = first; n <= last; n++) {
    // The first step after which the fine column is on the other side of the line between 5n + 2 and 5n + 3.
    const line = SCALE * n + 3;
    const right = slope > 0;
    let t = Math.ceil((line - 0.5 - x) / slope);
    while ((x + slope * t + 0.5 >= line) !== right) t++;
    while ((x + slope * (t - 1) + 0.5 >= line) === right) t--;
    columns[count] = n;
    rows[count++] = y + t - 1;
  }
  return count;
}

function growCrossings(needed: number): void {
  const larger = new Int32Array(2 * needed);
  larger.set(columns);
  columns = larger;
  const largerRows = new Int32Array(2 * needed);
  largerRows.set(rows);
  rows = largerRows;
}

/** The crossings as positions in the image, in order. @returns a view of `sorted` */
function sortCrossings(count: number, height: number, width: number): Uint32Array {
  if (count === 0) return sorted.subarray(0, 0);
  if (sorted.length < count) sorted = new Uint32Array(2 * count);
  if (perColumn.length < width + 1) perColumn = new Uint32Array(width + 1);
  let low = width;
  let high = 0;
  for (let i = 0; i < count; i++) {
    const n = columns[i]!;
    if (n < low) low = n;
    if (n > high) high = n;
  }
  perColumn.fill(0, low, high + 2);
  for (let i = 0; i < count; i++) perColumn[columns[i]! + 1]!++;
  let most = perColumn[high + 1]!;
  for (let n = low; n < high; n++) {
    if (perColumn[n + 1]! > most) most = perColumn[n + 1]!;
    perColumn[n + 1]! += perColumn[n]!;
  }
  for (let i = 0; i < count; i++) {
    const n = columns[i]!;
    // ceil((row + 0.5) / 5 - 0.5), limited to the image
    const row = rows[i]! > 0 ? Math.min(height, Math.floor((rows[i]! + 2) / SCALE)) : 0;
    sorted[perColumn[n]!++] = n * height + row;
  }
  const result = sorted.subarray(0, count);
  // A column has two crossings, or a few; insertion would take forever over an outline made of hatching.
  if (most > 64) return result.sort();
  for (let i = 1; i < count; i++) {
    const position = result[i]!;
    let j = i - 1;
    while (j >= 0 && result[j]! > position) {
      result[j + 1] = result[j]!;
      j--;
    }
    result[j + 1] = position;
  }
  return result;
}

/** Two changes at one place are none. Works in place. */
function withoutPairs(changes: Uint32Array): Uint32Array {
  let kept = 0;
  for (let i = 0; i < changes.length; i++) {
    if (kept > 0 && changes[kept - 1] === changes[i]) kept--;
    else changes[kept++] = changes[i]!;
  }
  return changes.subarray(0, kept);
}
