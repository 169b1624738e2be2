// Weights that hold NaN or infinity, found where they are loaded: in training they would look like too high a learning rate.

import { DataError } from '../errors.ts';
import { float32FromBfloat16, float32FromFloat16 } from './halfFloat.ts';
import type { StoredTensor, TensorMap } from './storedTensor.ts';

/**
 * Refuses tensors that are not finite in float32, in which all are used.
 * @param file where they come from, for the message
 * @throws DataError that names the tensor
 */
export function expectFinite(tensors: TensorMap, file: string): void {
  for (const [name, tensor] of tensors) {
    const values = floatsOf(tensor);
    const wrong = values?.findIndex((value) => !Number.isFinite(Math.fround(value))) ?? -1;
    if (wrong < 0) continue;
    throw new DataError(`expectFinite: expected finite values for ${name} in ${file}, got ${values![wrong]} at ${wrong}; the file is of a run that failed or is damaged, take another checkpoint`);
  }
}

/** Undefined for whole numbers. */
function floatsOf({ dtype, data }: StoredTensor): Float32Array | Float64Array | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (!(data instanceof Uint16Array)) return undefined;
  return dtype === 'BF16' ? float32FromBfloat16(data) : dtype === 'F16' ? float32FromFloat16(data) : undefined;
}
