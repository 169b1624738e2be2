// Where the pixels of a resized image lie in the source, along one axis. In float64, as tfjs computes them.

import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';

const arange = aten('arange', 'start_step');
const floor = aten('floor');
const ceil = aten('ceil');
const multiply = aten('mul', 'Scalar');
const addScalar = aten('add', 'Scalar');
const subtract = aten('sub', 'Tensor');
const clamp = aten('clamp');
const reshape = aten('reshape');
const toType = aten('to', 'dtype');
const typeAs = aten('type_as');

export interface ResizeOptions {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** Two neighbouring source pixels for every result pixel, int64, and how much of the second to take. */
interface LinearSource {
  readonly lower: Handle;
  readonly upper: Handle;
  /** In the dtype of the images, shaped to broadcast along the axis. */
  readonly weight: Handle;
}

/** One axis of a resize from `source` to `result` pixels. The handles are made when asked for. */
export interface ResizeAxis {
  /** Which axis of the image tensor. */
  readonly axis: number;
  readonly source: number;
  readonly result: number;
  /** The nearest source pixel of every result pixel, int64. */
  readonly nearest: () => Handle;
  readonly linear: (images: Handle) => LinearSource;
}

/** Height and width of images [N, H, W, C] resized to `size`. */
export function resizeAxes(
  [, height, width]: readonly number[], [newHeight, newWidth]: readonly number[], options: ResizeOptions, device: string,
): ResizeAxis[] {
  return [resizeAxis(1, height!, newHeight!, options, device), resizeAxis(2, width!, newWidth!, options, device)];
}

function resizeAxis(
  axis: number, source: number, result: number, { alignCorners, halfPixelCenters }: ResizeOptions, device: string,
): ResizeAxis {
  const ends = alignCorners && result > 1;
  const scale = ends ? (source - 1) / (result - 1) : source / result;
  const shift = halfPixelCenters ? 0.5 : 0;
  const positions = (): Handle => multiply(addScalar(arange(0, result, 1, 'float64', null, device), shift), scale);
  const pixel = (position: Handle): Handle => toType(clamp(position, 0, source - 1), 'int64');
  return {
    axis,
    source,
    result,
    nearest: () => pixel(floor(addScalar(positions(), alignCorners ? 0.5 : 0))),
    linear: (images) => {
      const position = clamp(addScalar(positions(), -shift), 0, source - 1);
      const lower = floor(position);
      const weight = typeAs(subtract(position, lower, 1), images);
      return { lower: pixel(lower), upper: pixel(ceil(position)), weight: reshape(weight, axis === 1 ? [-1, 1, 1] : [-1, 1]) };
    },
  };
}
