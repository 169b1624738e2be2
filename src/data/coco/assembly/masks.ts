// Many masks laid out to be compared with each other: for each the ends of its runs in one array, its box and its area.
// Source: the behaviour of pycocotools 2.0.11 (maskApi: rleIou).

import { grown, withReserve } from './buffer';
import { FAR, WRONG_SUM } from './outcomes';
import { changes, drawPolygons, numbers, polygonEnds } from './polygons';
import { ends, reserveEnds, setUsed, used } from './runs';

@unmanaged
class Mask {
  /** First of its ends. */
  first: u32;
  /** Behind the last that are a pair: zeros at the mask's end are nothing to compare. */
  stop: u32;
  /** Behind the last. */
  runStop: u32;
  /** Whether there is a run of length 0 behind the first: pycocotools compares those in its own way. */
  isIrregular: u32;
  height: u32;
  width: u32;
  area: f64;
  /** The last two exclusive. */
  left: f64;
  top: f64;
  right: f64;
  bottom: f64;
}

let masks: usize = heap.alloc(4096);
let masksRoom: u32 = 4096;
let count: i32 = 0;

/** Forgets all masks and keeps the memory. */
export function clear(): void {
  setUsed(0);
  count = 0;
}

function maskAt(index: i32): Mask {
  return changetype<Mask>(masks + index * offsetof<Mask>());
}

/** Pixels of a mask. */
export function area(mask: i32): f64 {
  return maskAt(mask).area;
}

/**
 * Takes run ends that were written behind those in use.
 * @returns the mask's number, or an outcome
 */
export function addEnds(runs: i32, height: u32, width: u32): i32 {
  const last = ends + 4 * (used + runs - 1);
  const sum: u32 = runs > 0 ? load<u32>(last) : 0;
  if (<u64>sum !== <u64>height * width) return WRONG_SUM;
  const mask = finish(runs, height, width);
  if ((runs & 1) === 1 && runs > 1 && load<u32>(last) === load<u32>(last - 4)) maskAt(mask).isIrregular = 1;
  return mask;
}

/**
 * Adds the union of the polygons in `numbers`.
 * @param near number of first masks of which it has to be near one to be drawn; -1 if it is drawn anyway
 * @returns the mask's number, or an outcome
 */
export function addPolygons(polygons: i32, height: u32, width: u32, near: i32): i32 {
  if (near >= 0 && !mayOverlap(polygons, near)) return FAR;
  const found = drawPolygons(polygons, height, width);
  if (found < 0) return found;
  reserveEnds(found + 1);
  const into = ends + 4 * used;
  memory.copy(into, changes, 4 * found);
  if ((found & 1) === 0) return finish(found, height, width);
  store<u32>(into + 4 * found, height * width);
  return finish(found + 1, height, width);
}

/**
 * Whether the mask of the polygons in `numbers` could overlap one of the first `near` masks; false only if it does not.
 * They are judged by their corners, with two pixels more on each side than drawing could add.
 */
function mayOverlap(polygons: i32, near: i32): bool {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  let at = numbers;
  for (let polygon = 0; polygon < polygons; polygon++) {
    const end = numbers + 8 * load<u32>(polygonEnds + 4 * polygon);
    for (; at + 8 < end; at += 16) {
      const x = load<f64>(at);
      const y = load<f64>(at, 8);
      left = min(left, x);
      right = max(right, x);
      top = min(top, y);
      bottom = max(bottom, y);
    }
    at = end; // an odd last number is not drawn
  }
  // Not all are finite: drawing says what is wrong.
  if (!(right - left < Infinity && bottom - top < Infinity)) return true;
  for (let i = 0; i < near; i++) {
    const mask = maskAt(i);
    if (mask.left < right + 2 && left - 2 < mask.right && mask.top < bottom + 2 && top - 2 < mask.bottom) return true;
  }
  return false;
}

/**
 * Intersection over union of two masks; over the detection's area instead where the ground truth is a crowd. -1 for masks of
 * different sizes whose boxes overlap, as pycocotools gives.
 */
export function iou(detection: i32, truth: i32, isCrowd: bool): f64 {
  const d = maskAt(detection);
  const g = maskAt(truth);
  if (d.left >= g.right || g.left >= d.right || d.top >= g.bottom || g.top >= d.bottom) return 0;
  if (d.height !== g.height || d.width !== g.width) return -1;
  if ((d.isIrregular | g.isIrregular) !== 0) return iouInStep(d, g, isCrowd);
  const both = <f64>intersection(d, g);
  if (both === 0) return 0;
  return both / (isCrowd ? d.area : d.area + g.area - both);
}

function intersection(a: Mask, b: Mask): u32 {
  const stopA = ends + 4 * <usize>a.stop;
  const stopB = ends + 4 * <usize>b.stop;
  let i = ends + 4 * <usize>a.first;
  let j = ends + 4 * <usize>b.first;
  let pixels: i64 = 0;
  // Without branches: which run ends first is anybody's guess.
  while (i < stopA && j < stopB) {
    const endA = load<u32>(i, 4);
    const endB = load<u32>(j, 4);
    pixels += max(<i64>min(endA, endB) - <i64>max(load<u32>(i), load<u32>(j)), 0);
    i += <usize>(endA <= endB) << 3;
    j += <usize>(endB <= endA) << 3;
  }
  return <u32>pixels;
}

/** pycocotools' loop over two masks' runs, which stops where both reach an empty run at the same place. */
function iouInStep(a: Mask, b: Mask, isCrowd: bool): f64 {
  let nextA: u32 = 1;
  let nextB: u32 = 1;
  let leftA = run(a, 0);
  let leftB = run(b, 0);
  const runsA = runCount(a);
  const runsB = runCount(b);
  let inside = 0; // 1: in a, 2: in b
  let both: f64 = 0;
  let either: f64 = 0;
  do {
    const step = min(leftA, leftB);
    if (inside === 3) both += step;
    if (inside !== 0) either += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0 && nextA < runsA) {
      leftA = run(a, nextA++);
      inside ^= 1;
    }
    if (leftB === 0 && nextB < runsB) {
      leftB = run(b, nextB++);
      inside ^= 2;
    }
  } while (leftA > 0 || leftB > 0);
  return both === 0 ? 0 : both / (isCrowd ? a.area : either);
}

/** Runs of a mask, zeros at its end included. */
function runCount(mask: Mask): u32 {
  const runs = mask.runStop - mask.first;
  const isWhole = runs > 0 && load<u32>(ends + 4 * <usize>(mask.runStop - 1)) === mask.height * mask.width;
  return isWhole ? runs : runs + 1;
}

/** The length of a run; 0 behind the last. */
function run(mask: Mask, index: u32): f64 {
  if (index >= runCount(mask)) return 0;
  const at = ends + 4 * <usize>(mask.first + index);
  const start: u32 = index > 0 ? load<u32>(at - 4) : 0;
  const end = mask.first + index < mask.runStop ? load<u32>(at) : mask.height * mask.width;
  return <f64>(end - start);
}

/** Makes a mask of `runs` ends behind those in use. @returns its number */
function finish(runs: i32, height: u32, width: u32): i32 {
  const index = count++;
  const bytes: u32 = count * offsetof<Mask>();
  if (bytes > masksRoom) {
    const room = withReserve(bytes);
    masks = grown(masks, masksRoom, room);
    masksRoom = room;
  }
  const mask = maskAt(index);
  mask.first = used;
  mask.stop = used + (runs & ~1);
  mask.runStop = used + runs;
  mask.isIrregular = 0;
  mask.height = height;
  mask.width = width;
  setUsed(used + runs);
  measure(mask);
  return index;
}

/** Finds area and box. */
function measure(mask: Mask): void {
  const height = mask.height;
  const stop = ends + 4 * <usize>mask.stop;
  const begin = ends + 4 * <usize>mask.first;
  let area: u32 = 0;
  let left: u32 = 0;
  let top = height;
  let bottom: u32 = 0;
  // Position of a column's top: of the current run's first pixel, then of its last. Mostly the next run is one column on.
  let column: u32 = 0;
  let before: u32 = 0xffff_ffff;
  let isEmpty = true;
  for (let at = begin; at < stop; at += 8) {
    const start = load<u32>(at);
    const end = load<u32>(at, 4);
    if (start === end || (start === before && at > begin)) mask.isIrregular = 1;
    before = end;
    if (start === end) continue;
    area += end - start;
    let row = start - column;
    if (row >= height) {
      if (row < 2 * height) row -= height;
      else row = start % height;
      column = start - row;
    }
    if (isEmpty) left = column;
    isEmpty = false;
    if (end - column > height) {
      top = 0;
      bottom = height;
      column = end - 1 - ((end - 1) % height);
    } else {
      top = min(top, row);
      bottom = max(bottom, end - column);
    }
  }
  mask.area = area;
  if (!isEmpty) {
    mask.left = <f64>(left / height);
    mask.top = top;
    mask.right = <f64>(column / height) + 1;
    mask.bottom = bottom;
    return;
  }
  // Only empty runs: the box that rleBox gives for them, which counts when sizes are compared.
  const only = stop > begin;
  mask.left = only ? mask.width : 0;
  mask.top = only ? height : 0;
  mask.right = only ? <f64>mask.width + <f64>(1 - mask.width) : 0;
  mask.bottom = only ? <f64>height + <f64>(1 - height) : 0;
}
