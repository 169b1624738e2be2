// Adds a window's values into a larger map, in place: what sliding-window inference does with overlapping logits.

import { add, pad, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFusedList } from './fused.ts';

/**
 * sums[:, top : top + h, left : left + w] += window.
 *
 * @param sums [B, H, W, C]
 * @param window [B, h, w, C]
 * @throws ShapeError when the window does not lie inside
 */
export function addWindow(sums: Variable, window: Tensor, top: number, left: number): void {
  const [batch = 0, height = 0, width = 0, channels = 0] = sums.shape;
  checkShape('addWindow', 'sums', sums, ['B', 'H', 'W', 'C']);
  checkShape('addWindow', 'window', window, [batch, 'h', 'w', channels]);
  const [, windowHeight = 0, windowWidth = 0] = window.shape;
  const isInside = top >= 0 && left >= 0 && top + windowHeight <= height && left + windowWidth <= width;
  if (!isInside) {
    throw new ShapeError(`addWindow: expected a window inside ${height} x ${width} pixels, got ${windowHeight} x ${windowWidth} at (${top}, ${left})`);
  }
  if (fusedKernel('MpvgAddWindow')) runFusedList('MpvgAddWindow', { sums, window }, { top, left });
  else addWindowComposed(sums, window, top, left);
}

/** `addWindow` from tfjs's own operations, unchecked. */
export function addWindowComposed(sums: Variable, window: Tensor, top: number, left: number): void {
  const [, height = 0, width = 0] = sums.shape;
  const [, windowHeight = 0, windowWidth = 0] = window.shape;
  tidy(() => {
    const around: [number, number][] = [[0, 0], [top, height - top - windowHeight], [left, width - left - windowWidth], [0, 0]];
    sums.assign(add(sums, pad(window, around)));
  });
}
