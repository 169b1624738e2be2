// Kernels that reduce along axes, and their running forms.

import {
  All, Any, ArgMax, ArgMin, Cumprod, Cumsum, LogSoftmax, Max, Mean, Min, Prod, Softmax, Sum, util,
} from '@tensorflow/tfjs-core';
import type {
  ArgMaxAttrs, ArgMaxInputs, CumsumAttrs, CumsumInputs, DataType, LogSoftmaxAttrs, LogSoftmaxInputs, MaxAttrs, MinAttrs,
  MinInputs, SoftmaxAttrs, SoftmaxInputs, SumAttrs, SumInputs, TensorInfo,
} from '@tensorflow/tfjs-core';
import { storageTypes } from '../backend.ts';
import { aten } from '../binding.ts';
import type { Handle, StorageType } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';
import { full } from './creation.ts';

const alias = aten('alias');
const flip = aten('flip');
const nanToNumber = aten('nan_to_num');
const narrow = aten('narrow');
const pad = aten('constant_pad_nd');

type Reduce = (x: Handle, axes: number[], keepDims: boolean, storage: StorageType | null) => Handle;

/** libtorch widens integers to int64 unless told otherwise; of floats it keeps what is stored, which may be bfloat16. */
function keptStorage(dtype: DataType): StorageType | null {
  return dtype === 'int32' || dtype === 'bool' ? 'int32' : null;
}

/** Applies a reduction over the axes of a tfjs kernel. No axis leaves the elements as they are; libtorch reads it as "all". */
function reduceOver(
  x: TensorInfo, axis: number | number[], keepDims: boolean, dtype: DataType, reduce: Reduce, k: KernelContext,
): TensorInfo {
  const axes = util.parseAxisParam(axis, x.shape);
  const handle = k.handle(x);
  const result = axes.length === 0 && x.shape.length > 0 ? alias(handle) : reduce(handle, axes, keepDims, keptStorage(x.dtype));
  return k.out(result, dtype);
}

function registerReduction(kernelName: string, resultDtype: (x: TensorInfo) => DataType, reduce: Reduce): void {
  torchKernel<SumInputs, SumAttrs>(kernelName, ({ x }, { axis, keepDims }, k) =>
    reduceOver(x, axis, keepDims, resultDtype(x), reduce, k));
}

type Bounds = Record<'float32' | 'int32' | 'bool', number>;
const lowest: Bounds = { float32: -Infinity, int32: -0x8000_0000, bool: 0 };
const highest: Bounds = { float32: Infinity, int32: 0x7fff_ffff, bool: 1 };

/** @param ofNone the extremum of no elements at all, of which libtorch has none */
function registerExtremum(kernelName: string, operator: string, ofNone: Bounds): void {
  const extremum = aten(operator);
  torchKernel<MinInputs, MinAttrs & MaxAttrs>(kernelName, ({ x }, attrs, k) => {
    // tfjs-core calls the axes differently for the two.
    const axis = kernelName === Max ? attrs.reductionIndices : attrs.axis;
    const axes = util.parseAxisParam(axis, x.shape);
    if (axes.some((dim) => x.shape[dim] === 0)) {
      const dtype = x.dtype as 'float32' | 'int32' | 'bool';
      const kept = x.shape.flatMap((size, dim) => (axes.includes(dim) ? (attrs.keepDims ? [1] : []) : [size]));
      return k.out(full(kept, ofNone[dtype], dtype, k.backend.device), dtype);
    }
    return reduceOver(x, axes, attrs.keepDims, x.dtype, (handle, dims, keepDims) => extremum(handle, dims, keepDims), k);
  });
}

function registerRunning(kernelName: string, operator: string, neutral: number): void {
  const run = aten(operator);
  torchKernel<CumsumInputs, CumsumAttrs>(kernelName, ({ x }, { axis, exclusive, reverse }, k) => {
    const rank = x.shape.length;
    const dim = rank === 0 ? 0 : util.parseAxisParam(axis, x.shape)[0]!;
    let values = reverse ? flip(k.handle(x), [dim]) : k.handle(x);
    if (exclusive && rank > 0 && x.shape[dim]! > 0) {
      // Shifted by one: the neutral element comes in, the last one drops out.
      const pads = Array.from({ length: 2 * (rank - dim) }, () => 0);
      pads[pads.length - 2] = 1;
      values = pad(narrow(values, dim, 0, x.shape[dim]! - 1), pads, neutral);
    }
    const result = run(values, dim, keptStorage(x.dtype));
    return k.out(reverse ? flip(result, [dim]) : result, x.dtype === 'bool' ? 'int32' : x.dtype);
  });
}

/** @param passedOver the value that never wins, put in the place of NaN, which libtorch would pick */
function registerArgument(kernelName: string, operator: string, passedOver: number): void {
  const find = aten(operator);
  torchKernel<ArgMaxInputs, ArgMaxAttrs>(kernelName, ({ x }, { axis }, k) => {
    const dim = util.parseAxisParam(axis, x.shape)[0]!;
    const handle = x.dtype === 'float32'
      ? nanToNumber(k.handle(x), passedOver, Infinity, -Infinity)
      : castTo(k.handle(x), 'int32');
    return k.out(castTo(find(handle, dim), 'int32'), 'int32');
  });
}

const summed = (x: TensorInfo): DataType => (x.dtype === 'bool' ? 'int32' : x.dtype);

export function registerReductionKernels(): void {
  const sum = aten('sum', 'dim_IntList');
  const mean = aten('mean', 'dim');
  const product = aten('prod', 'dim_int');
  const all = aten('all', 'dims');
  const any = aten('any', 'dims');
  const softmax = aten('softmax', 'int');
  const logSoftmax = aten('log_softmax', 'int');

  registerReduction(Sum, summed, sum);
  registerReduction(Mean, () => 'float32', (x, axes, keepDims, storage) => mean(x, axes, keepDims, storage === null ? null : 'float32'));
  registerReduction(Prod, summed, (x, axes, keepDims, storage) => {
    // One axis at a time, the last first, so that the numbers of the others hold.
    let result = axes.length === 0 ? alias(x) : x;
    for (const axis of [...axes].sort((a, b) => b - a)) result = product(result, axis, keepDims, storage);
    return result;
  });
  registerReduction(All, () => 'bool', (x, axes, keepDims) => all(x, axes, keepDims));
  registerReduction(Any, () => 'bool', (x, axes, keepDims) => any(x, axes, keepDims));
  registerExtremum(Min, 'amin', highest);
  registerExtremum(Max, 'amax', lowest);

  registerArgument(ArgMax, 'argmax', -Infinity);
  registerArgument(ArgMin, 'argmin', Infinity);
  registerRunning(Cumsum, 'cumsum', 0);
  registerRunning(Cumprod, 'cumprod', 1);

  const floatOf = (logits: TensorInfo): StorageType | null => (logits.dtype === 'float32' ? null : storageTypes.float32);
  torchKernel<SoftmaxInputs, SoftmaxAttrs>(Softmax, ({ logits }, { dim }, k) =>
    k.out(softmax(k.handle(logits), dim, floatOf(logits))));
  torchKernel<LogSoftmaxInputs, LogSoftmaxAttrs>(LogSoftmax, ({ logits }, { axis }, k) =>
    k.out(logSoftmax(k.handle(logits), axis, floatOf(logits))));
}
