// Kernels that make tensors from numbers.

import { Diag, Fill, LinSpace, OneHot, OnesLike, Range, ZerosLike, util } from '@tensorflow/tfjs-core';
import type { DataType, DiagInputs, FillAttrs, LinSpaceAttrs, OneHotAttrs, OneHotInputs, OnesLikeInputs, RangeAttrs, ZerosLikeInputs } from '@tensorflow/tfjs-core';
import { storageTypes } from '../backend.ts';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';

const add = aten('add', 'Scalar');
const arange = aten('arange', 'start_step');
const diagonal = aten('diag_embed');
const equal = aten('eq', 'Tensor');
const fullOf = aten('full');
const linspace = aten('linspace');
const multiply = aten('mul', 'Scalar');
const onesLike = aten('ones_like');
const reshape = aten('reshape');
const unsqueeze = aten('unsqueeze');
const zerosLike = aten('zeros_like');

type NumericDataType = Exclude<DataType, 'string'>;

/** A tensor of one value. */
export function full(shape: readonly number[], value: number, dtype: NumericDataType, device: string): Handle {
  return fullOf(shape, value, storageTypes[dtype], null, device);
}

/** [start, start + step, …), `count` numbers. */
export function countFrom(start: number, step: number, count: number, dtype: NumericDataType, device: string): Handle {
  // Half a step short of the next number, so that rounding cannot add or lose one.
  return arange(start, count === 0 ? start : start + step * (count - 0.5), step, storageTypes[dtype], null, device);
}

function rangeCount(start: number, stop: number, step: number): number {
  if (start === stop || (start < stop && step < 0) || (stop < start && step > 1)) return 0;
  return Math.abs(Math.ceil((stop - start) / step));
}

export function registerCreationKernels(): void {
  torchKernel<object, FillAttrs>(Fill, (_inputs, { shape, value, dtype }, k) => {
    // tfjs-core passes no dtype where it follows from the value.
    const type = (dtype as DataType | undefined) ?? util.inferDtype(value);
    if (type === 'string') {
      const strings = Array.from({ length: util.sizeFromShape(shape) }, () => util.encodeString(String(value)));
      return k.outValues(strings, shape, type);
    }
    return k.out(full(shape, Number(value), type, k.backend.device), type);
  });

  torchKernel<ZerosLikeInputs>(ZerosLike, ({ x }, _attrs, k) => {
    if (x.dtype !== 'string') return k.out(zerosLike(k.handle(x)), x.dtype);
    const empty = k.backend.strings(x).map(() => new Uint8Array());
    return k.outValues(empty, x.shape, 'string');
  });

  torchKernel<OnesLikeInputs>(OnesLike, ({ x }, _attrs, k) => {
    if (x.dtype === 'string') throw new Error('onesLike is not supported under string dtype');
    return k.out(onesLike(k.handle(x)), x.dtype);
  });

  torchKernel<object, RangeAttrs>(Range, (_inputs, { start, stop, step, dtype }, k) => {
    const count = rangeCount(start, stop, step);
    // tfjs counts down when the end lies below the start and the step was left at 1.
    const signed = stop < start && step === 1 ? -1 : step;
    return k.out(countFrom(start, signed, count, dtype, k.backend.device), dtype);
  });

  torchKernel<object, LinSpaceAttrs>(LinSpace, (_inputs, { start, stop, num }, k) =>
    k.out(linspace(start, stop, num, 'float32', null, k.backend.device)));

  torchKernel<OneHotInputs, OneHotAttrs>(OneHot, ({ indices }, { depth, onValue, offValue, dtype }, k) => {
    const type = dtype as NumericDataType;
    const classes = countFrom(0, 1, depth, 'int32', k.backend.device);
    const hot = equal(unsqueeze(k.handle(indices), -1), classes);
    if (onValue === 1 && offValue === 0) return k.out(castTo(hot, type), dtype);
    const scaled = add(multiply(castTo(hot, 'float32'), onValue - offValue), offValue);
    return k.out(castTo(scaled, type), dtype);
  });

  torchKernel<DiagInputs>(Diag, ({ x }, _attrs, k) =>
    k.out(reshape(diagonal(reshape(k.handle(x), [-1])), [...x.shape, ...x.shape]), x.dtype));
}
