// Pixels of images at positions that need not be whole, and may lie outside.

import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';

const index = aten('index', 'Tensor');
const floor = aten('floor');
const addScalar = aten('add', 'Scalar');
const subtract = aten('sub', 'Tensor');
const clamp = aten('clamp');
const toType = aten('to', 'dtype');
const unsqueeze = aten('unsqueeze');
const lerp = aten('lerp', 'Tensor');
const typeAs = aten('type_as');
const greaterEqual = aten('ge', 'Scalar');
const lessEqual = aten('le', 'Scalar');
const bothTrue = aten('bitwise_and', 'Tensor');

/** Images [N, H, W, C] and which of them each position belongs to (int64, broadcast to the positions). */
export interface PixelSource {
  readonly images: Handle;
  readonly height: number;
  readonly width: number;
  readonly batch: Handle;
}

/** True where 0 <= position <= length - 1. */
export function insideImage(position: Handle, length: number): Handle {
  return bothTrue(greaterEqual(position, 0), lessEqual(position, length - 1));
}

/** The pixels at whole positions, y and x broadcast: [..., C]. Outside the image, its nearest pixel. */
export function pixelsAt({ images, height, width, batch }: PixelSource, y: Handle, x: Handle): Handle {
  return index(images, [batch, toType(clamp(y, 0, height - 1), 'int64'), toType(clamp(x, 0, width - 1), 'int64')]);
}

/** Rounded half up, as Math.round does. */
export function roundHalfUp(position: Handle): Handle {
  return floor(addScalar(position, 0.5));
}

/** The pixels nearest to the positions. */
export function nearestPixels(source: PixelSource, y: Handle, x: Handle): Handle {
  return pixelsAt(source, roundHalfUp(y), roundHalfUp(x));
}

/** Linear in y and x between the four pixels around each position; `read` gives the pixels at whole positions. */
export function bilinearPixels(
  source: PixelSource,
  y: Handle,
  x: Handle,
  read = (row: Handle, column: Handle): Handle => pixelsAt(source, row, column),
): Handle {
  const top = floor(y), left = floor(x);
  const bottom = addScalar(top, 1), right = addScalar(left, 1);
  const down = typeAs(unsqueeze(subtract(y, top, 1), -1), source.images);
  const across = typeAs(unsqueeze(subtract(x, left, 1), -1), source.images);
  return lerp(lerp(read(top, left), read(top, right), across), lerp(read(bottom, left), read(bottom, right), across), down);
}
