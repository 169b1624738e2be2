// Kernels that order, count and tell values apart.

import { Bincount, BroadcastArgs, DenseBincount, SearchSorted, TopK, Unique, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  BincountAttrs, BincountInputs, BroadcastArgsInputs, DenseBincountAttrs, DenseBincountInputs, SearchSortedAttrs,
  SearchSortedInputs, TensorInfo, TopKAttrs, TopKInputs, UniqueAttrs, UniqueInputs,
} from '@tensorflow/tfjs-core';
import { aten, atenList, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';
import { full } from './creation.ts';
import { movementKernel } from './movement.ts';

const below = aten('lt', 'Scalar');
const indexSelect = aten('index_select');
const movedim = aten('movedim', 'int');
const narrow = aten('narrow');
const onesLike = aten('ones_like');
const reshape = aten('reshape');
const scatterAdd = aten('scatter_add');
const scatterValue = aten('scatter', 'value');
const searchSorted = aten('searchsorted', 'Tensor');
const sort = atenList('sort', 'stable');
const toDtype = aten('to', 'dtype');
const where = aten('where', 'ScalarOther');

/** How often each of 0 … size-1 stands in a row of x, [..., n]: counted, summed by weight, or only noted. */
function count(
  x: TensorInfo, shape: readonly number[], weights: TensorInfo, size: number, binary: boolean, k: KernelContext,
): TensorInfo {
  const dtype = weights.dtype as 'int32' | 'float32';
  const handle = reshape(k.handle(x), shape);
  // Larger values go to one bin more, which is cut off; negative ones libtorch refuses.
  const bins = toDtype(where(below(handle, size), handle, size), 'int64');
  const zeros = full([...shape.slice(0, -1), size + 1], 0, dtype, k.backend.device);
  const weighted = util.sizeFromShape(weights.shape) > 0;
  const amounts = weighted ? reshape(k.handle(weights), shape) : onesLike(handle);
  const counted = binary ? scatterValue(zeros, -1, bins, 1) : scatterAdd(zeros, -1, bins, castTo(amounts, dtype));
  return k.out(narrow(counted, -1, 0, size), dtype);
}

/** The values of x along an axis, one text for each: equal texts, equal values. */
function textsAlong(x: TensorInfo, axis: number, k: KernelContext): string[] {
  const length = x.shape[axis]!;
  const bytes = binding().read(movedim(k.handle(x), axis, 0));
  let values: ArrayLike<number | string>;
  if (x.dtype === 'string') {
    const strings = k.backend.strings(x).map((string) => JSON.stringify(util.decodeString(string)));
    values = Array.from(new Int32Array(bytes), (position) => strings[position]!);
  } else if (x.dtype === 'bool') {
    values = new Uint8Array(bytes);
  } else {
    values = x.dtype === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes);
  }
  const width = values.length / Math.max(1, length);
  return Array.from({ length }, (_, row) => Array.from({ length: width }, (_unused, i) => values[row * width + i]).join());
}

function int32(values: ArrayLike<number>, k: KernelContext): Handle {
  return binding().fromTypedArray(Int32Array.from(values), [values.length], 'int32', k.backend.device);
}

export function registerCountingKernels(): void {
  torchKernel<BincountInputs, BincountAttrs>(Bincount, ({ x, weights }, { size }, k) =>
    count(x, [util.sizeFromShape(x.shape)], weights, size, false, k));
  torchKernel<DenseBincountInputs, DenseBincountAttrs>(DenseBincount, ({ x, weights }, { size, binaryOutput = false }, k) => {
    const rank = x.shape.length;
    if (rank > 2) throw new Error(`Error in denseBincount: input must be at most rank 2, but got rank ${rank}.`);
    return count(x, x.shape, weights, size, binaryOutput, k);
  });

  torchKernel<BroadcastArgsInputs>(BroadcastArgs, ({ s0, s1 }, _attrs, k) => {
    const shape = backend_util.assertAndGetBroadcastShape([...k.values(s0)], [...k.values(s1)]);
    return k.outValues(Int32Array.from(shape), [shape.length], 'int32');
  });

  torchKernel<SearchSortedInputs, SearchSortedAttrs>(SearchSorted, ({ sortedSequence, values }, { side }, k) => {
    const dtype = sortedSequence.dtype as 'int32' | 'float32';
    const [sorted, sought] = [sortedSequence, values].map((tensor) => castTo(k.handle(tensor), dtype));
    return k.out(searchSorted(sorted, sought, true, side === 'right'), 'int32');
  });

  torchKernel<TopKInputs, TopKAttrs>(TopK, ({ x }, { k: kept }, k) => {
    // Sorted stably, since of equal values the first counts; libtorch's topk promises no order among them.
    const [values, places] = sort(k.handle(x), true, -1, true);
    return [k.out(narrow(values, -1, 0, kept), x.dtype), k.out(castTo(narrow(places, -1, 0, kept), 'int32'), 'int32')];
  });

  movementKernel<UniqueInputs, UniqueAttrs>(Unique, ({ x }, { axis }, k) => {
    const dim = util.parseAxisParam(axis, x.shape)[0]!;
    const numbers = new Map<string, number>();
    const firsts: number[] = [];
    const indices = Int32Array.from(textsAlong(x, dim, k), (text, place) => {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, firsts.length);
      return firsts.push(place) - 1;
    });
    return [k.out(indexSelect(k.handle(x), dim, int32(firsts, k)), x.dtype), k.out(int32(indices, k), 'int32')];
  });
}
