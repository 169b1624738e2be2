// Union and intersection of masks. Source: the behaviour of pycocotools 2.0.11 (maskApi: rleMerge), also for runs of length 0
// inside a mask: where both masks reach one at the same place, what follows is left out.

import { DataError } from '../../errors.ts';
import { checkSum, type Rle } from './rle.ts';

/**
 * Merges masks of the same size; of one mask it is the mask itself, of none an empty mask of 0 x 0.
 * @throws DataError naming the mask whose size differs from the first one's, or the sum of runs that is not height * width
 */
export function mergeRles(rles: readonly Rle[], how: 'union' | 'intersection' = 'union'): Rle {
  const [first] = rles;
  if (first === undefined) return { height: 0, width: 0, counts: new Uint32Array(0) };
  const { height, width } = first;
  rles.forEach((rle, i) => {
    if (rle.height !== height || rle.width !== width) {
      throw new DataError(`mergeRles: expected masks of ${height} x ${width} for rles, got ${rle.height} x ${rle.width} at ${i}`);
    }
  });
  const merged = rles.map(({ counts }) => counts).reduce((a, b) => {
    // After a merge that left something out pycocotools would not come to an end.
    for (const counts of [a, b]) checkSum(counts.reduce((sum, count) => sum + count, 0), height, width, 'mergeRles');
    return mergeTwo(a, b, how === 'intersection');
  });
  return { height, width, counts: merged };
}

function mergeTwo(a: Uint32Array, b: Uint32Array, intersect: boolean): Uint32Array {
  // Without empty runs inside there are at most as many changes as in both together.
  const counts = new Uint32Array(a.length + b.length + 1);
  let count = 0;
  let nextA = 1;
  let nextB = 1;
  let leftA = a[0] ?? 0;
  let leftB = b[0] ?? 0;
  let inA = false;
  let inB = false;
  let inside = false;
  let length = 0;
  for (let more = true; more;) {
    const step = Math.min(leftA, leftB);
    length += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0 && nextA < a.length) {
      leftA = a[nextA++]!;
      inA = !inA;
    }
    if (leftB === 0 && nextB < b.length) {
      leftB = b[nextB++]!;
      inB = !inB;
    }
    more = leftA > 0 || leftB > 0;
    const inBoth: boolean = intersect ? inA && inB : inA || inB;
    if (inBoth !== inside || !more) {
      counts[count++] = length;
      length = 0;
      inside = inBoth;
    }
  }
  return counts.slice(0, count);
}
