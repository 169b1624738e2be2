// Polygons and boxes as masks, pixel for pixel as pycocotools draws them.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleFrPoly, rleFrBbox).

import { DataError } from '../../errors.ts';
import { sharedKernel } from './maskKernel.ts';
import { checkMaskSize, type Rle } from './rle.ts';

/** Beyond it, on the grid that is five times as fine, pycocotools' 32-bit integers overflow. */
const MAX_COORDINATE = 2 ** 30 / 5;

/** Whether a coordinate is one that can be drawn; NaN is none. */
export function isDrawable(coordinate: number): boolean {
  return Math.abs(5 * coordinate + 0.5) < 2 ** 30;
}

/**
 * The union of polygons.
 * @param polygons each x0, y0, x1, y1, … in px; an odd last number is ignored, as pycocotools does
 * @throws DataError naming the number that is not finite or too large; for no polygon
 */
export function rleFromPolygons(polygons: readonly ArrayLike<number>[], height: number, width: number): Rle {
  if (polygons.length === 0) throw new DataError('rleFromPolygons: expected at least one polygon for polygons, got none');
  checkMaskSize(height, width, 'rleFromPolygon');
  const polygonEnds = new Uint32Array(polygons.length);
  let count = 0;
  polygons.forEach(({ length }, i) => { polygonEnds[i] = count += length; });
  const numbers = new Float64Array(count);
  polygons.forEach((polygon, i) => { numbers.set(polygon, polygonEnds[i]! - polygon.length); });

  const kernel = sharedKernel();
  const changes = kernel.code.drawPolygons(kernel.putPolygons({ numbers, polygonEnds }), height, width);
  if (changes < 0) throw notDrawable(numbers, polygonEnds);
  return rleFromChanges(kernel.changes(changes), height, width);
}

/**
 * The mask of one polygon x0, y0, x1, y1, … in px. Where it crosses itself, pixels inside twice are outside.
 * @throws DataError naming the number that is not finite or too large
 */
export function rleFromPolygon(polygon: ArrayLike<number>, height: number, width: number): Rle {
  return rleFromPolygons([polygon], height, width);
}

/**
 * The mask of a box x, y, width, height in px: the polygon of its corners.
 * @throws DataError as rleFromPolygon
 */
export function rleFromBox(box: ArrayLike<number>, height: number, width: number): Rle {
  const [x = NaN, y = NaN, w = NaN, h = NaN] = Array.from(box);
  return rleFromPolygon([x, y, x, y + h, x + w, y + h, x + w, y], height, width);
}

/** The error for polygons that cannot be drawn: it names the first number that is not finite or too large, and its place. */
export function notDrawable(numbers: ArrayLike<number>, polygonEnds: ArrayLike<number>): DataError {
  let start = 0;
  for (let polygon = 0; polygon < polygonEnds.length; polygon++) {
    const end = polygonEnds[polygon]!;
    const points = (end - start) >> 1;
    for (let i = start; i < start + 2 * points; i++) {
      if (isDrawable(numbers[i]!)) continue;
      return new DataError(`rleFromPolygon: expected numbers between ${-MAX_COORDINATE} and ${MAX_COORDINATE} for polygon, got ${numbers[i]} at ${i - start}`);
    }
    start = end;
  }
  return new DataError('rleFromPolygon: expected polygons that can be drawn');
}

/** The runs of a mask that changes between 0 and 1 at these positions x * height + y. */
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
