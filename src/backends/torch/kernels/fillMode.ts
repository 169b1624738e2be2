// What a position outside an image means, in the four ways of tf.image.transform.

import type { TransformAttrs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';

const clamp = aten('clamp');
const remainder = aten('remainder', 'Scalar');
const trunc = aten('trunc');
const addScalar = aten('add', 'Scalar');
const add = aten('add', 'Tensor');
const multiply = aten('mul', 'Scalar');
const divide = aten('div', 'Scalar');
const negative = aten('neg');
const minimum = aten('minimum');
const less = aten('lt', 'Scalar');
const greater = aten('gt', 'Scalar');
const where = aten('where', 'self');

/**
 * @param position in pixels, float64
 * @param length pixels of the axis
 * @returns for 'constant' the position itself; otherwise one in [0, length - 1]
 */
export function mapCoordinate(position: Handle, length: number, mode: TransformAttrs['fillMode']): Handle {
  switch (mode) {
    case 'constant': return position;
    case 'nearest': return clamp(position, 0, length - 1);
    case 'reflect': return reflect(position, length);
    case 'wrap': return wrap(position, length);
  }
}

// [abcd] continues as [dcba|abcd|dcba]: a period of 2 length, mirrored at length - 1/2.
function reflect(position: Handle, length: number): Handle {
  const phase = remainder(position, 2 * length);
  const mirrored = addScalar(negative(phase), 2 * length - 1);
  return clamp(minimum(phase, mirrored), 0, length - 1);
}

// [abcd] continues as [abcd|abcd|abcd]. Between the last pixel and the first of the next copy, positions go by the formula of
// tfjs (and TensorFlow), whose period counts length - 1 steps.
function wrap(position: Handle, length: number): Handle {
  if (length === 1) return multiply(position, 0);
  const copies = (distance: Handle): Handle => trunc(divide(distance, length - 1));
  const below = addScalar(add(position, copies(negative(position)), length), length);
  const above = add(position, copies(position), -length);
  const wrapped = where(less(position, 0), below, where(greater(position, length - 1), above, position));
  return clamp(wrapped, 0, length - 1);
}
