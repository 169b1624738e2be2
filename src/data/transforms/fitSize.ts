// How large a photo becomes when it is resized into a frame and keeps its ratio of width to height.
// Source: mmcv 1.7, rescale_size; mmsegmentation 0.30, Resize with ratio_range and ResizeToMultiple.

import type { Size } from './resizeLinear.ts';

/** The long side is at most longPx, the short one at most shortPx, whichever way the photo lies. */
export interface Frame {
  /** Of the longer side. */
  readonly longPx: number;
  /** Of the shorter side. */
  readonly shortPx: number;
}

/** The largest size of the same ratio that fits the frame, rounded half up; at least one pixel. */
export function fitSize({ width, height }: Size, { longPx, shortPx }: Frame): Size {
  const factor = Math.min(longPx / Math.max(width, height), shortPx / Math.min(width, height));
  const scaled = (side: number) => Math.max(1, Math.trunc(side * factor + 0.5));
  return { width: scaled(width), height: scaled(height) };
}

/** A frame made larger or smaller, its sides rounded down; at least one pixel. */
export function scaleFrame({ longPx, shortPx }: Frame, ratio: number): Frame {
  const scaled = (side: number) => Math.max(1, Math.trunc(side * ratio));
  return { longPx: scaled(longPx), shortPx: scaled(shortPx) };
}

/** Both sides rounded up to a multiple. */
export function roundUpSize({ width, height }: Size, multiple: number): Size {
  return { width: Math.ceil(width / multiple) * multiple, height: Math.ceil(height / multiple) * multiple };
}
