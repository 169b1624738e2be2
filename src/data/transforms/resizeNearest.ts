// Nearest-neighbour resizing of label maps in OpenCV's arithmetic: what mmcv.imrescale makes of a map.
// Source: OpenCV 4.10, modules/imgproc/src/resize.cpp, INTER_NEAREST: output i takes input floor(i * scale), so that the corners
// at the top left agree, not the centres. With resizeLinear's centres a map is at most half a pixel off its photo.

import type { ResizeOptions } from './resizeLinear.ts';

/** Labels of one photo, row by row, [height, width]. */
export interface LabelMap {
  /** [height * width] */
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** Which inputs the outputs [from, from + count) of an axis are. */
export function nearestInputs(inSize: number, outSize: number, from: number, count: number): Int32Array {
  const scale = 1 / (outSize / inSize);
  return Int32Array.from({ length: count }, (_, i) => Math.min(Math.floor((from + i) * scale), inSize - 1));
}

/**
 * @param out receives window.width labels of each of window.height rows
 * @param outRowLabels how far the rows of `out` are apart; default: adjacent
 */
export function resizeNearest(map: LabelMap, options: ResizeOptions, out: Uint8Array, outRowLabels = options.window.width): void {
  const { resized, window, flip } = options;
  const columns = nearestInputs(map.width, resized.width, window.x, window.width);
  if (flip) columns.reverse();
  const rows = nearestInputs(map.height, resized.height, window.y, window.height);
  const { data, width } = map;
  for (let y = 0; y < rows.length; y++) {
    const from = rows[y]! * width;
    const to = y * outRowLabels;
    if (y > 0 && rows[y] === rows[y - 1]) out.copyWithin(to, to - outRowLabels, to - outRowLabels + window.width);
    else for (let x = 0; x < columns.length; x++) out[to + x] = data[from + columns[x]!]!;
  }
}
