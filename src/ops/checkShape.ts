// The argument check of every operation.

import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';

/** One axis: its size, or a name for a size that is free. */
type Axis = number | string;

/**
 * Checks a tensor's shape.
 *
 * @param where the function that was called, for the message
 * @param parameter the argument's name, for the message
 * @param expected each axis's size or, where any size will do, its name; '...' first stands for any leading axes
 * @throws ShapeError `<where>: expected shape [out, 48] for <parameter>, got [10, 47]`
 */
export function checkShape(where: string, parameter: string, tensor: Tensor, expected: readonly Axis[]): void {
  const open = expected[0] === '...';
  const axes = open ? expected.slice(1) : expected;
  const leading = tensor.rank - axes.length;
  const fits = (open ? leading >= 0 : leading === 0) &&
    axes.every((axis, i) => typeof axis === 'string' || tensor.shape[leading + i] === axis);
  if (!fits) {
    throw new ShapeError(`${where}: expected shape [${expected.join(', ')}] for ${parameter}, got [${tensor.shape.join(', ')}]`);
  }
}
