// Weights that hold NaN or infinity, found where they are loaded: in training they would look like too high a learning rate.

import { DataError } from '../errors.ts';
import type { TensorMap } from './storedTensor.ts';

/**
 * Refuses tensors of floats that are not finite.
 * @param tensors as loadCheckpoint gives them, floats as float32
 * @param file where they come from, for the message
 * @throws DataError that names the tensor
 */
export function expectFinite(tensors: TensorMap, file: string): void {
  for (const [name, { data }] of tensors) {
    const wrong = data instanceof Float32Array ? data.findIndex((value) => !Number.isFinite(value)) : -1;
    if (wrong < 0) continue;
    throw new DataError(`expectFinite: expected finite values for ${name} in ${file}, got ${data[wrong]} at ${wrong}; the file is of a run that failed or is damaged, take another checkpoint`);
  }
}
