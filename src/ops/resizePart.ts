// A part of a bilinearly resized map from a part of the map, where the whole would not fit into memory.

import { slice } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused } from './fused.ts';
import { bilinearRule, resampleAxes } from './resampling.ts';
import type { ImageSize } from './resize.ts';

/** A rectangle, in pixels. */
export interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface ResizePartOptions {
  /** Of the whole map. */
  readonly source: ImageSize;
  /** Which part of it `x` is: its upper left pixel. */
  readonly place: readonly [top: number, left: number];
  /** Of the whole result. */
  readonly size: ImageSize;
  /** Which part of the result is wanted. */
  readonly part: Part;
}

/**
 * A part of `resizeBilinear(whole, size)`: each pixel has the sources and weights that it has there, and on the CPU the same
 * bits. Has no gradient.
 *
 * @param x [B, h, w, C], float32: at least the part of the map that `sourcePart` names
 * @returns [B, part.height, part.width, C]
 * @throws ShapeError
 */
export function resizePart(x: Tensor, options: ResizePartOptions): Tensor {
  check(x, options);
  if (!fusedKernel('MpvgResizePart')) return resizePartComposed(x, options);
  const { source, place, size, part: { top, left, height, width } } = options;
  return runFused('MpvgResizePart', { x }, { source, place, size, part: [top, left, height, width] });
}

/** `resizePart` from tfjs's own operations, unchecked. */
export function resizePartComposed(x: Tensor, { source, place, size, part }: ResizePartOptions): Tensor {
  const rule = bilinearRule(false);
  const along = (axis: 0 | 1, begin: number) => {
    const whole = rule(source[axis], size[axis]);
    return (pixel: number) => whole(begin + pixel).map(([from, weight]) => [from - place[axis], weight] as const);
  };
  return resampleAxes(x, [part.height, part.width], along(0, part.top), along(1, part.left));
}

/** The part of a map that a part of its resized version is made of; a pixel more where rounding decides. */
export function sourcePart(source: ImageSize, size: ImageSize, { top, left, height, width }: Part): Part {
  const [firstRow, rows] = sourceRange(source[0], size[0], top, height);
  const [firstColumn, columns] = sourceRange(source[1], size[1], left, width);
  return { top: firstRow, left: firstColumn, height: rows, width: columns };
}

/** The given part of a map that `x` [B, h, w, C] is a part of, from `place` on. */
export function cut(x: Tensor, { top, left, height, width }: Part, place: readonly [number, number] = [0, 0]): Tensor {
  return slice(x, [0, top - place[0], left - place[1], 0], [-1, height, width, -1]);
}

function sourceRange(source: number, size: number, begin: number, count: number): [begin: number, count: number] {
  if (source === size) return [begin, count];
  const placeOf = (pixel: number): number => Math.floor(((pixel + 0.5) * source) / size - 0.5);
  const first = Math.max(placeOf(begin) - 1, 0);
  return [first, Math.min(placeOf(begin + count - 1) + 3, source) - first];
}

function check(x: Tensor, { source, place, size, part }: ResizePartOptions): void {
  checkShape('resizePart', 'x', x, ['B', 'h', 'w', 'C']);
  const [, height = 0, width = 0] = x.shape;
  const describe = (at: Part) => `${at.height} x ${at.width} at (${at.top}, ${at.left})`;
  const isInside = (a: Part, b: Part) =>
    a.top >= b.top && a.left >= b.left && a.top + a.height <= b.top + b.height && a.left + a.width <= b.left + b.width;
  const given = { top: place[0], left: place[1], height, width };
  const result = { top: 0, left: 0, height: size[0], width: size[1] };
  if (!isInside(part, result)) {
    throw new ShapeError(`resizePart: expected a part of ${size[0]} x ${size[1]} pixels for part, got ${describe(part)}`);
  }
  const whole = { top: 0, left: 0, height: source[0], width: source[1] };
  if (!isInside(given, whole)) {
    throw new ShapeError(`resizePart: expected a part of ${source[0]} x ${source[1]} pixels for x, got ${describe(given)}`);
  }
}
