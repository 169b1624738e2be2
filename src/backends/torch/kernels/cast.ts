// Conversion between dtypes.

import { Cast } from '@tensorflow/tfjs-core';
import type { CastAttrs, CastInputs, DataType } from '@tensorflow/tfjs-core';
import { storageTypes } from '../backend.ts';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

const convert = aten('to', 'dtype');
const realPart = aten('real');

/** The same values stored as `dtype`; a new handle of the same tensor when they are already. */
export function castTo(handle: Handle, dtype: Exclude<DataType, 'string'>): Handle {
  return convert(handle, storageTypes[dtype]);
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
