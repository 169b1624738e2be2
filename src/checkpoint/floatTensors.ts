// Stored tensors as models take them: floating-point values as float32. F16 and BF16 are widened exactly, F64 is rounded.
// Integers where floats belong (quantised weights) are another thing, not weights that happen to be whole.

import { DataError } from '../errors.ts';
import { float32FromBfloat16, float32FromFloat16 } from './halfFloat.ts';
import type { StoredTensor, TensorMap } from './storedTensor.ts';

/**
 * A tensor's values as float32.
 * @param name of the tensor, for messages
 * @param path its file, for messages
 * @throws DataError when the tensor holds integers or booleans
 */
export function float32Values(name: string, tensor: Pick<StoredTensor, 'dtype' | 'data'>, path: string): Float32Array {
  const { dtype } = tensor;
  if (dtype !== 'F64' && dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new DataError(`float32Values: expected floating-point values (F64, F32, F16 or BF16) for "${name}" in ${path}, got ${dtype}`);
  }
  const { data } = tensor; // read only now: what is refused costs nothing
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
  return dtype === 'BF16' ? float32FromBfloat16(bits) : float32FromFloat16(bits);
}

/**
 * The same tensors, each with its values as float32 once they are asked for; a batch norm's count of batches stays as it is. So
 * integers are refused where a model asks for their values, not where it has no place for them.
 * @param path their file, for messages
 */
export function floatTensors(tensors: TensorMap, path: string): TensorMap {
  return new Map([...tensors].map(([name, tensor]): [string, StoredTensor] => {
    if (tensor.dtype === 'F32' || isBatchCounter(name)) return [name, tensor];
    let values: Float32Array | undefined;
    return [name, { dtype: 'F32', shape: tensor.shape, get data() { return (values ??= float32Values(name, tensor, path)); } }];
  }));
}

/** Whether this is the number of batches that a batch norm has seen, which files may leave out. */
export function isBatchCounter(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}
