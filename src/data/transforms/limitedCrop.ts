// Where a training crop lies: a random place where no class covers too much of it, if one is found.
// Source: mmsegmentation 0.30, RandomCrop with cat_max_ratio (after Zhao et al. 2017's code).

import type { Rng } from '../../random/rng.ts';
import type { Box } from './resample.ts';
import type { Size } from './resizeLinear.ts';
import { nearestInputs, type LabelMap } from './resizeNearest.ts';

const ATTEMPTS = 10;
const IGNORED = 255;

/**
 * A random box of the crop's size in the resized map, or of the map's where that is smaller. Up to ten boxes are drawn until one
 * is found of whose labelled pixels no class has a share of `mostOfOneClass` or more; an eleventh is taken as it is.
 * @param map as stored; 255 does not count
 * @param resized its size after resizing
 * @param mostOfOneClass share in (0, 1]; 1 takes the first box
 */
export function limitedCrop(map: LabelMap, resized: Size, crop: Size, mostOfOneClass: number, rng: Rng): Box {
  const size = { width: Math.min(crop.width, resized.width), height: Math.min(crop.height, resized.height) };
  const marginX = resized.width - size.width;
  const marginY = resized.height - size.height;
  if (marginX === 0 && marginY === 0) return { x: 0, y: 0, ...size };
  const draw = (): Box => {
    const y = rng.integer(marginY + 1);
    return { x: rng.integer(marginX + 1), y, ...size };
  };
  let box = draw();
  if (mostOfOneClass >= 1) return box;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { labelled, largest } = classCounts(map, resized, box);
    if (largest / labelled < mostOfOneClass) break; // not with one class alone, nor with none: that is NaN
    box = draw();
  }
  return box;
}

/** Of a box of the resized map: labelled pixels, and pixels of the most frequent class. */
function classCounts({ data, width, height }: LabelMap, resized: Size, box: Box) {
  const columns = nearestInputs(width, resized.width, box.x, box.width);
  const rows = nearestInputs(height, resized.height, box.y, box.height);
  const counts = new Uint32Array(256);
  for (const row of rows) {
    const from = row * width;
    for (let x = 0; x < columns.length; x++) counts[data[from + columns[x]!]!]!++;
  }
  counts[IGNORED] = 0;
  return {
    labelled: counts.reduce((sum, count) => sum + count),
    largest: Math.max(...counts),
  };
}
