// Weights that hold NaN or infinity, found where they are loaded: in training they would look like too high a learning rate.

import { DataError } from '../errors.ts';
import type { StoredTensor, TensorData, TensorMap } from './storedTensor.ts';

/**
 * Refuses tensors of floats that are not finite.
 * @param tensors as loadCheckpoint gives them, floats as float32
 * @param file where they come from, for the message
 * @throws DataError that names the tensor
 */
export function expectFinite(tensors: TensorMap, file: string): void {
  for (const [name, { data }] of tensors) expectFiniteValues(name, data, file, 'the file is of a run that failed or is damaged, take another checkpoint');
}

/** The same tensors, each refused as expectFinite does when its values are asked for: what nobody reads costs nothing. */
export function finiteTensors(tensors: TensorMap, file: string): TensorMap {
  return new Map([...tensors].map(([name, tensor]): [string, StoredTensor] => [name, {
    dtype: tensor.dtype,
    shape: tensor.shape,
    get data() {
      expectFinite(new Map([[name, tensor]]), file);
      return tensor.data;
    },
  }]));
}

/** @throws DataError when there is NaN or infinity among floats */
export function expectFiniteValues(name: string, data: TensorData, file: string, remedy: string): void {
  const wrong = data instanceof Float32Array ? data.findIndex((value) => !Number.isFinite(value)) : -1;
  if (wrong >= 0) throw new DataError(`expectFinite: expected finite values for ${name} in ${file}, got ${data[wrong]} at ${wrong}; ${remedy}`);
}
