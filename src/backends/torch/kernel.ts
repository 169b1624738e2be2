// How a kernel is written: a function from tensors and attributes to tensors, in terms of ATen operators. Every native tensor
// it makes and does not return is freed when it ends, also when it throws.

import { registerKernel } from '@tensorflow/tfjs-core';
import type { BackendValues, DataType, KernelFunc, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import { TorchBackend } from './backend.ts';
import { binding } from './binding.ts';
import type { Handle } from './binding.ts';

/** What a kernel works with: `handle` reads a tensor's native side, `out` makes a result. */
export class KernelContext {
  readonly backend: TorchBackend;
  readonly #results: TensorInfo[] = [];
  readonly #resultHandles: Handle[] = [];

  constructor(backend: TorchBackend) {
    this.backend = backend;
  }

  /** The native tensor of an input. */
  handle(tensor: TensorInfo): Handle {
    return this.backend.handle(tensor);
  }

  /** Makes a native tensor one of the kernel's results. Its storage must fit `dtype` ('float32' may be stored as bfloat16). */
  out(handle: Handle, dtype: DataType = 'float32'): TensorInfo {
    const info = this.backend.adopt(handle, dtype);
    this.#results.push(info);
    this.#resultHandles.push(handle);
    return info;
  }

  /**
   * The values of a numeric input, for a kernel whose result's shape depends on them or that is done in TypeScript. A step
   * with such a kernel cannot be compiled.
   */
  values(tensor: TensorInfo): TypedArray {
    return this.backend.readSync(tensor.dataId) as TypedArray;
  }

  /** Makes values from TypeScript one of the kernel's results. Strings are UTF-8 bytes. */
  outValues(values: BackendValues, shape: number[], dtype: DataType): TensorInfo {
    const info = { dataId: this.backend.write(values, shape, dtype), shape, dtype };
    this.#results.push(info);
    if (dtype !== 'string') this.#resultHandles.push(this.backend.handle(info));
    return info;
  }

  /** Frees what the kernel made: all of it but its results, or them too when it failed. */
  end(completed: boolean): void {
    if (!completed) for (const { dataId } of this.#results) this.backend.disposeData(dataId);
    binding().endScope(completed ? this.#resultHandles : []);
  }

  /** The same tensor again, one reference more. */
  same(tensor: TensorInfo): TensorInfo {
    this.backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
  }
}

// tfjs-core types every input as possibly undefined; its ops always pass those that are not marked optional.
type Given<Inputs> = { [Name in keyof Inputs]: Exclude<Inputs[Name], undefined> };

export type Compute<Inputs extends object, Attrs> = (
  inputs: Given<Inputs>,
  attrs: Attrs,
  context: KernelContext,
) => TensorInfo | TensorInfo[];

/**
 * Registers a kernel of the torch backend.
 *
 * @param kernelName tfjs-core's name of it
 * @param compute from inputs and attributes (types from tfjs-core) to results
 */
export function torchKernel<Inputs extends object, Attrs = object>(kernelName: string, compute: Compute<Inputs, Attrs>): void {
  registerTorchKernel(kernelName, compute, (backend) => new KernelContext(backend));
}

/** As `torchKernel`, with a context of one's own. */
export function registerTorchKernel<Inputs extends object, Attrs>(
  kernelName: string,
  compute: Compute<Inputs, Attrs>,
  makeContext: (backend: TorchBackend) => KernelContext,
): void {
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    if (!(backend instanceof TorchBackend)) throw new TypeError(`${kernelName}: expected the torch backend`);
    const context = makeContext(backend);
    binding().beginScope();
    let completed = false;
    try {
      const result = compute(inputs as Given<Inputs>, attrs as Attrs, context);
      completed = true;
      return result;
    } finally {
      context.end(completed);
    }
  };
  registerKernel({ kernelName, backendName: 'torch', kernelFunc });
}
