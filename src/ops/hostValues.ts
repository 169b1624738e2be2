// Values that come from JavaScript: image batches, and numbers that are written between the runs of a compiled step.

import { engine, tensor } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { binding } from '../backends/torch/binding.ts';
import { TorchBackend } from '../backends/torch/backend.ts';
import { ShapeError } from '../errors.ts';

/**
 * A batch of 8-bit images as a tensor of dtype int32. The torch backend keeps one byte per value: use the result for
 * conversion to float only.
 *
 * @param bytes row-major
 * @param shape [B, H, W, 3]
 */
export function imageTensor(bytes: Uint8Array, shape: number[]): Tensor {
  const backend = engine().backend;
  if (!(backend instanceof TorchBackend)) return tensor(Int32Array.from(bytes), shape, 'int32');
  return engine().makeTensorFromTensorInfo(
    backend.adopt(binding().fromTypedArray(bytes, shape, 'uint8', backend.device), 'int32', shape));
}

/**
 * Overwrites a variable's values in place.
 * @param values row-major, of the variable's size
 * @throws ShapeError
 */
export function writeValues(target: Variable, values: Float32Array): void {
  if (values.length !== target.size) {
    throw new ShapeError(`writeValues: expected ${target.size} values for shape [${target.shape.join(', ')}], got ${values.length}`);
  }
  const backend = engine().backend;
  if (backend instanceof TorchBackend) {
    binding().write(backend.handle(target), values);
    return;
  }
  const made = tensor(values, target.shape, 'float32');
  target.assign(made);
  made.dispose();
}

/** Seeds the generator that random kernels (stochastic depth) draw from. */
export function seedGenerator(seed: number): void {
  if (engine().backend instanceof TorchBackend) binding().manualSeed(seed);
}
