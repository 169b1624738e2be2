// Many masks laid out to be compared with each other: for each the ends of its runs in one array, its box and its area.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleIou).

import { DataError } from '../../errors.ts';
import { polygonChanges, unionOfChanges } from './polygonRle.ts';
import { checkMaskSize, checkSum, rleFromCounts } from './rle.ts';
import { readRunEnds } from './rleString.ts';
import type { SegmentationView } from './segmentationView.ts';

/** Masks by number, in the order in which they were added. */
export class MaskSet {
  /** Of all masks: where runs of ones start and end, start, end, start, end, … as positions x * height + y. */
  #ends = new Uint32Array(1 << 14);
  #used = 0;
  #count = 0;
  /** [count + 1] first of a mask's ends. */
  #first = new Uint32Array(257);
  #heights = new Float64Array(256);
  #widths = new Float64Array(256);
  #areas = new Float64Array(256);
  /** [4 * count] left, top, right, bottom; the last two exclusive. */
  #boxes = new Float64Array(4 * 256);
  /** The runs of masks that have a run of length 0 behind their first: pycocotools compares those in its own way. */
  readonly #irregular = new Map<number, Uint32Array>();
  /** Whether the mask measured last has one among its pairs. */
  #hasEmptyRun = false;

  /** Forgets all masks and keeps the memory. */
  clear(): void {
    this.#used = 0;
    this.#count = 0;
    if (this.#irregular.size > 0) this.#irregular.clear();
  }

  /**
   * Adds a segmentation. @returns its number
   * @param height of the photo, px; for polygons
   * @param width of the photo, px; for polygons
   * @throws DataError when it is none, or cannot be drawn
   */
  addSegmentation(view: SegmentationView, height: number, width: number): number {
    switch (view.kind) {
      case 'string': {
        checkMaskSize(view.height, view.width, 'MaskSet.addSegmentation');
        this.#reserve(view.end - view.start);
        const pixels = (view.height * view.width) >>> 0;
        const target = { pixels, escaped: view.isEscaped, into: this.#ends, first: this.#used };
        return this.#addEnds(readRunEnds(view.bytes, view.start, view.end, target), view.height, view.width);
      }
      case 'counts': {
        const { counts } = rleFromCounts(view.numbers.subarray(0, view.numberCount), view.height, view.width);
        return this.addCounts(counts, view.height, view.width);
      }
      case 'polygons':
        return this.addPolygons(view.numbers, view.polygonEnds.subarray(0, view.polygonCount), height, width);
      case 'none':
        throw new DataError('MaskSet.addSegmentation: expected a segmentation, got none');
    }
  }

  /**
   * Adds a mask by its run lengths. @returns its number
   * @throws DataError when they do not add up to height * width
   */
  addCounts(counts: Uint32Array, height: number, width: number): number {
    checkMaskSize(height, width, 'MaskSet.addCounts');
    this.#reserve(counts.length);
    const ends = this.#ends;
    const first = this.#used;
    let position = 0;
    for (let i = 0; i < counts.length; i++) {
      position += counts[i]!;
      ends[first + i] = position;
    }
    checkSum(position, height, width, 'MaskSet.addCounts');
    return this.#addEnds(counts.length, height, width);
  }

  /**
   * Adds the union of polygons. @returns its number
   * @param numbers x0, y0, x1, y1, … in px of all polygons
   * @param polygonEnds [polygons] where each polygon ends in `numbers`
   * @throws DataError naming the number that is not finite or too large; for no polygon
   */
  addPolygons(numbers: ArrayLike<number>, polygonEnds: ArrayLike<number>, height: number, width: number): number {
    if (polygonEnds.length === 0) throw new DataError('MaskSet.addPolygons: expected at least one polygon, got none');
    let changes = polygonChanges(numbers, 0, polygonEnds[0] ?? 0, height, width);
    for (let i = 1; i < polygonEnds.length; i++) {
      const before = i === 1 ? changes.slice() : changes;
      changes = unionOfChanges(before, polygonChanges(numbers, polygonEnds[i - 1]!, polygonEnds[i]!, height, width));
    }
    this.#reserve(changes.length + 1);
    this.#ends.set(changes, this.#used);
    this.#used += changes.length;
    if (changes.length % 2 === 1) this.#ends[this.#used++] = height * width;
    return this.#finish(height, width);
  }

  /**
   * Whether a segmentation's mask could overlap one of the first `count` masks; false only if it does not.
   * Polygons are judged by their corners, with two pixels more on each side than drawing could add.
   */
  mayOverlap(view: SegmentationView, count: number): boolean {
    if (view.kind !== 'polygons') return true;
    const { numbers, polygonEnds, polygonCount } = view;
    let left = Infinity;
    let top = Infinity;
    let right = -Infinity;
    let bottom = -Infinity;
    let finite = polygonCount > 0;
    let i = 0;
    for (let polygon = 0; polygon < polygonCount; polygon++) {
      const end = polygonEnds[polygon]!;
      for (; i + 1 < end; i += 2) {
        const x = numbers[i]!;
        const y = numbers[i + 1]!;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        if (y > bottom) bottom = y;
        finite &&= x - x === 0 && y - y === 0;
      }
      i = end; // an odd last number is not drawn
    }
    // Drawing says what is wrong.
    if (!finite) return true;
    const boxes = this.#boxes;
    for (let at = 0; at < 4 * count; at += 4) {
      if (boxes[at]! >= right + 2 || left - 2 >= boxes[at + 2]!) continue;
      if (boxes[at + 1]! >= bottom + 2 || top - 2 >= boxes[at + 3]!) continue;
      return true;
    }
    return false;
  }

  /** Pixels of a mask. */
  area(mask: number): number {
    return this.#areas[mask]!;
  }

  /**
   * Intersection over union of two masks; over the detection's area instead where the ground truth is a crowd. -1 for masks of
   * different sizes whose boxes overlap, as pycocotools gives.
   */
  iou(detection: number, truth: number, isCrowd: boolean): number {
    const boxes = this.#boxes;
    const d = 4 * detection;
    const g = 4 * truth;
    if (boxes[d]! >= boxes[g + 2]! || boxes[g]! >= boxes[d + 2]!) return 0;
    if (boxes[d + 1]! >= boxes[g + 3]! || boxes[g + 1]! >= boxes[d + 3]!) return 0;
    if (this.#heights[detection] !== this.#heights[truth] || this.#widths[detection] !== this.#widths[truth]) return -1;
    if (this.#irregular.size > 0 && (this.#irregular.has(detection) || this.#irregular.has(truth))) {
      const { intersection, union } = countInStep(this.#counts(detection), this.#counts(truth));
      return intersection === 0 ? 0 : intersection / (isCrowd ? this.#areas[detection]! : union);
    }
    const intersection = this.#intersection(detection, truth);
    if (intersection === 0) return 0;
    const area = this.#areas[detection]!;
    return intersection / (isCrowd ? area : area + this.#areas[truth]! - intersection);
  }

  #intersection(a: number, b: number): number {
    const ends = this.#ends;
    const stopA = this.#first[a + 1]!;
    const stopB = this.#first[b + 1]!;
    let i = this.#first[a]!;
    let j = this.#first[b]!;
    let intersection = 0;
    while (i < stopA && j < stopB) {
      const endA = ends[i + 1]!;
      const endB = ends[j + 1]!;
      const start = Math.max(ends[i]!, ends[j]!);
      const end = Math.min(endA, endB);
      if (end > start) intersection += end - start;
      if (endA <= endB) i += 2;
      if (endB <= endA) j += 2;
    }
    return intersection;
  }

  /** The run lengths of a mask. */
  #counts(mask: number): Uint32Array {
    const kept = this.#irregular.get(mask);
    if (kept !== undefined) return kept;
    const ends = this.#ends.subarray(this.#first[mask], this.#first[mask + 1]);
    const pixels = this.#heights[mask]! * this.#widths[mask]!;
    return runsOf((ends.at(-1) ?? -1) === pixels ? ends : Uint32Array.of(...ends, pixels));
  }

  #reserve(ends: number): void {
    if (this.#used + ends > this.#ends.length) {
      const larger = new Uint32Array(2 * (this.#used + ends));
      larger.set(this.#ends.subarray(0, this.#used));
      this.#ends = larger;
    }
    if (this.#count < this.#heights.length) return;
    const size = 2 * this.#count;
    this.#heights = resized(this.#heights, size);
    this.#widths = resized(this.#widths, size);
    this.#areas = resized(this.#areas, size);
    this.#boxes = resized(this.#boxes, 4 * size);
    const first = new Uint32Array(size + 1);
    first.set(this.#first);
    this.#first = first;
  }

  /** Takes the ends of runs that were written behind those in use. */
  #addEnds(count: number, height: number, width: number): number {
    const ends = this.#ends;
    const first = this.#used;
    const last = first + count - 1;
    checkSum(count === 0 ? 0 : ends[last]!, height, width, 'MaskSet.addSegmentation');
    // Zeros at the end are nothing to compare.
    this.#used += count & ~1;
    const mask = this.#finish(height, width);
    const endsInEmptyRun = count % 2 === 1 && count > 1 && ends[last] === ends[last - 1];
    if (this.#hasEmptyRun || endsInEmptyRun) this.#irregular.set(mask, runsOf(ends.subarray(first, last + 1)));
    return mask;
  }

  #finish(height: number, width: number): number {
    const mask = this.#count++;
    this.#first[this.#count] = this.#used;
    this.#heights[mask] = height;
    this.#widths[mask] = width;
    // From tables of doubles: loops over integers are faster.
    this.#measure(mask, height >>> 0, width >>> 0);
    return mask;
  }

  /** Finds area and box. */
  #measure(mask: number, height: number, width: number): void {
    const ends = this.#ends;
    const first = this.#first[mask]!;
    const stop = this.#first[mask + 1]!;
    let area = 0;
    let left = -1;
    let top = height;
    let bottom = 0;
    // Position of a column's top: of the current run's first pixel, then of its last. Mostly the next run is one column on.
    let column = 0;
    let before = -1;
    this.#hasEmptyRun = false;
    for (let i = first; i < stop; i += 2) {
      const start = ends[i]!;
      const end = ends[i + 1]!;
      if (start === end || start === before) this.#hasEmptyRun = true;
      before = end;
      if (start === end) continue;
      area += end - start;
      if (start - column > 8 * height) column = start - (start % height);
      while (start - column >= height) column += height;
      if (left === -1) left = column;
      if (end - column > height) {
        top = 0;
        bottom = height;
        column = end - 1 - ((end - 1) % height);
      } else {
        if (start - column < top) top = start - column;
        if (end - column > bottom) bottom = end - column;
      }
    }
    this.#areas[mask] = area;
    const at = 4 * mask;
    const boxes = this.#boxes;
    if (left >= 0) {
      boxes[at] = left / height;
      boxes[at + 1] = top;
      boxes[at + 2] = column / height + 1;
      boxes[at + 3] = bottom;
    } else {
      // Only empty runs: the box that rleBox gives for them, which counts when sizes are compared.
      const only = stop > first;
      boxes[at] = only ? width : 0;
      boxes[at + 1] = only ? height : 0;
      boxes[at + 2] = only ? width + ((1 - width) >>> 0) : 0;
      boxes[at + 3] = only ? height + ((1 - height) >>> 0) : 0;
    }
  }
}

function resized(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(column);
  return larger;
}

/** The lengths of runs that end there. */
function runsOf(ends: Uint32Array): Uint32Array {
  return ends.map((end, i) => (i === 0 ? end : end - ends[i - 1]!));
}

/**
 * pycocotools' loop over two masks' runs, which stops where both reach an empty run at the same place.
 * @returns pixels in both and in either, as far as it went
 */
function countInStep(a: Uint32Array, b: Uint32Array): { intersection: number; union: number } {
  let nextA = 1;
  let nextB = 1;
  let leftA = a[0] ?? 0;
  let leftB = b[0] ?? 0;
  let inA = false;
  let inB = false;
  let intersection = 0;
  let union = 0;
  for (let more = true; more;) {
    const step = Math.min(leftA, leftB);
    if (inA && inB) intersection += step;
    if (inA || inB) union += step;
    leftA -= step;
    leftB -= step;
    more = false;
    if (leftA === 0 && nextA < a.length) {
      leftA = a[nextA++]!;
      inA = !inA;
    }
    if (leftB === 0 && nextB < b.length) {
      leftB = b[nextB++]!;
      inB = !inB;
    }
    more = leftA > 0 || leftB > 0;
  }
  return { intersection, union };
}
