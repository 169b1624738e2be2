// Kernels that move elements without looking at them. They serve every dtype: libtorch has no strings, so of a string
// tensor it moves the positions, and the strings follow.

import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { KernelContext, registerTorchKernel } from '../kernel.ts';
import type { Compute } from '../kernel.ts';

class MovementContext extends KernelContext {
  readonly #strings: Uint8Array[] = [];

  /** Of a string tensor: the positions of its strings among all those that the kernel has been given. */
  override handle(tensor: TensorInfo): Handle {
    if (tensor.dtype !== 'string') return super.handle(tensor);
    const strings = this.backend.strings(tensor);
    const positions = Int32Array.from(strings, (_, index) => this.#strings.length + index);
    for (const string of strings) this.#strings.push(string);
    return binding().fromTypedArray(positions, tensor.shape, 'int32', this.backend.device);
  }

  override out(handle: Handle, dtype: DataType): TensorInfo {
    if (dtype !== 'string') return super.out(handle, dtype);
    const positions = new Int32Array(binding().read(handle));
    return this.outValues(Array.from(positions, (position) => this.#strings[position]!), binding().sizes(handle), dtype);
  }
}

/** Registers a kernel that only moves elements: `k.handle` and `k.out` take strings too. */
export function movementKernel<Inputs extends object, Attrs = object>(
  kernelName: string,
  compute: Compute<Inputs, Attrs>,
): void {
  registerTorchKernel(kernelName, compute, (backend) => new MovementContext(backend));
}
