// Kernels that read or write slices at positions given by index tuples, and sums by segment.

import { GatherNd, ScatterNd, SparseToDense, TensorScatterUpdate, UnsortedSegmentSum, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  GatherNdInputs, ScatterNdAttrs, ScatterNdInputs, SparseToDenseAttrs, SparseToDenseInputs, TensorInfo, TensorScatterUpdateInputs,
  UnsortedSegmentSumAttrs, UnsortedSegmentSumInputs,
} from '@tensorflow/tfjs-core';
import { storageTypes } from '../backend.ts';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { full } from './creation.ts';
import { movementKernel } from './movement.ts';

const expand = aten('expand');
const indexAdd = aten('index_add');
const indexCopy = aten('index_copy');
const indexSelect = aten('index_select');
const isInside = aten('logical_and');
const atLeast = aten('ge', 'Scalar');
const below = aten('lt', 'Scalar');
const multiply = aten('mul', 'Tensor');
const narrow = aten('narrow');
const reshape = aten('reshape');
const sum = aten('sum', 'dim_IntList');
const toDtype = aten('to', 'dtype');
const where = aten('where', 'ScalarOther');

/** Index tuples [..., depth] as row numbers [n] of a tensor with these row strides, int64. */
function rowNumbers(indices: Handle, strides: readonly number[], depth: number, count: number, k: KernelContext): Handle {
  const factors = binding().fromTypedArray(Int32Array.from(strides.slice(0, depth)), [depth], 'int32', k.backend.device);
  return sum(multiply(reshape(indices, [count, depth]), factors), [1], false, 'int64');
}

/** What the values of `updates` overwrite in `base`, the last one where two meet. */
function overwrite(
  base: Handle, updates: TensorInfo, indices: TensorInfo, shape: number[], k: KernelContext,
): Handle {
  const { sliceRank, numUpdates, sliceSize, strides, outputSize } = backend_util.calculateShapes(updates, indices, shape);
  const rows = reshape(base, [sliceSize === 0 ? 0 : outputSize / sliceSize, sliceSize]);
  const index = rowNumbers(k.handle(indices), strides, sliceRank, numUpdates, k);
  const source = updates.shape.length === 0
    ? expand(k.handle(updates), [numUpdates, sliceSize])
    : reshape(k.handle(updates), [numUpdates, sliceSize]);
  return reshape(indexCopy(rows, 0, index, toDtype(source, binding().dtype(base))), shape);
}

export function registerScatteringKernels(): void {
  movementKernel<GatherNdInputs>(GatherNd, ({ params, indices }, _attrs, k) => {
    const [shape, count, sliceSize, strides] = backend_util.prepareAndValidate(params, indices);
    const depth = indices.shape[indices.shape.length - 1]!;
    const rows = reshape(k.handle(params), [util.sizeFromShape(params.shape) / Math.max(1, sliceSize), sliceSize]);
    return k.out(reshape(indexSelect(rows, 0, rowNumbers(k.handle(indices), strides, depth, count, k)), shape), params.dtype);
  });

  torchKernel<ScatterNdInputs, ScatterNdAttrs>(ScatterNd, ({ indices, updates }, { shape }, k) => {
    const { sliceRank, numUpdates, sliceSize, strides, outputSize } = backend_util.calculateShapes(updates, indices, shape);
    const values = k.handle(updates);
    const storage = binding().dtype(values);
    const zeros = toDtype(full([sliceSize === 0 ? 0 : outputSize / sliceSize, sliceSize], 0, 'float32', k.backend.device), storage);
    const index = rowNumbers(k.handle(indices), strides, sliceRank, numUpdates, k);
    return k.out(reshape(indexAdd(zeros, 0, index, reshape(values, [numUpdates, sliceSize])), shape), updates.dtype);
  });

  movementKernel<TensorScatterUpdateInputs>(TensorScatterUpdate, ({ tensor, indices, updates }, _attrs, k) =>
    k.out(overwrite(k.handle(tensor), updates, indices, tensor.shape, k), tensor.dtype));

  movementKernel<SparseToDenseInputs, SparseToDenseAttrs>(
    SparseToDense,
    ({ sparseIndices, sparseValues, defaultValue }, { outputShape }, k) => {
      const base = expand(k.handle(defaultValue), outputShape);
      return k.out(overwrite(base, sparseValues, sparseIndices, outputShape, k), sparseValues.dtype);
    },
  );

  // x [segmentIds.shape…, rest…] -> [numSegments, rest…]
  torchKernel<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>(UnsortedSegmentSum, ({ x, segmentIds }, { numSegments }, k) => {
    const rest = x.shape.slice(segmentIds.shape.length);
    const count = util.sizeFromShape(segmentIds.shape);
    const ids = reshape(k.handle(segmentIds), [count]);
    // Ids outside the range are dropped: they go to one row more, which is cut off.
    const known = where(isInside(atLeast(ids, 0), below(ids, numSegments)), ids, numSegments);
    const dtype = x.dtype === 'bool' ? 'int32' : x.dtype;
    const values = toDtype(reshape(k.handle(x), [count, ...rest]), storageTypes[dtype as 'int32']);
    const zeros = full([numSegments + 1, ...rest], 0, dtype as 'int32', k.backend.device);
    return k.out(narrow(indexAdd(zeros, 0, toDtype(known, 'int64'), values), 0, 0, numSegments), dtype);
  });
}
