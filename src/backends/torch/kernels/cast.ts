// Conversion between dtypes.

import { Cast } from '@tensorflow/tfjs-core';
import type { CastAttrs, CastInputs, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { storageTypes } from '../backend.ts';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

const convert = aten('to', 'dtype');
const realPart = aten('real');

/** The same values stored as `dtype`; a new handle of the same tensor when they are already. */
export function castTo(handle: Handle, dtype: Exclude<DataType, 'string'>): Handle {
  return convert(handle, storageTypes[dtype]);
}

/** The dtype of arithmetic on a tensor: bools are counted. */
export function countedDtype(x: TensorInfo): 'float32' | 'int32' | 'complex64' {
  return x.dtype === 'float32' || x.dtype === 'complex64' ? x.dtype : 'int32';
}

/** A tensor's native side for arithmetic, bools as 0 and 1: libtorch's own arithmetic on them is logic, or refused. */
export function counted(x: TensorInfo, k: KernelContext): Handle {
  return x.dtype === 'bool' ? castTo(k.handle(x), 'int32') : k.handle(x);
}

/** A tensor's native side as floating-point (or complex) numbers. */
export function floating(x: TensorInfo, k: KernelContext): Handle {
  return x.dtype === 'int32' || x.dtype === 'bool' ? castTo(k.handle(x), 'float32') : k.handle(x);
}

/** The dtype that goes with `floating`. */
export function floatDtype(x: TensorInfo): 'float32' | 'complex64' {
  return x.dtype === 'complex64' ? 'complex64' : 'float32';
}

export function registerCastKernel(): void {
  torchKernel<CastInputs, CastAttrs>(Cast, ({ x }, { dtype }, k) => {
    if (dtype === x.dtype) return k.same(x);
    if (dtype === 'string' || x.dtype === 'string') throw new Error(`Error in Cast: failed to cast ${x.dtype} to ${dtype}`);
    const handle = k.handle(x);
    const source = x.dtype === 'complex64' ? realPart(handle) : handle;
    return k.out(castTo(source, dtype), dtype);
  });
}
