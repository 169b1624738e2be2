// Kernels of sparse tensors given as index tuples and values. The indices are prepared in TypeScript, as the shapes of the
// results depend on them; the values stay in libtorch.

import { SparseFillEmptyRows, SparseReshape, SparseSegmentMean, SparseSegmentSum, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  SparseFillEmptyRowsInputs, SparseReshapeInputs, SparseSegmentSumInputs, TypedArray,
} from '@tensorflow/tfjs-core';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';
import { full } from './creation.ts';
import { movementKernel } from './movement.ts';

const cat = aten('cat');
const divide = aten('div', 'Tensor');
const indexAdd = aten('index_add');
const indexSelect = aten('index_select');
const reshape = aten('reshape');

function indexTensor(values: ArrayLike<number>, shape: readonly number[], k: KernelContext): Handle {
  return binding().fromTypedArray(Int32Array.from(values), shape, 'int32', k.backend.device);
}

/** The number of each entry in every row, in the order they are given. */
function entriesByRow(indices: TypedArray, count: number, rank: number, rows: number): number[][] {
  if (rows === 0 && count > 0) throw new Error(backend_util.getSparseFillEmptyRowsIndicesDenseShapeMismatch(count));
  const entries: number[][] = Array.from({ length: rows }, () => []);
  for (let entry = 0; entry < count; entry++) {
    const row = indices[entry * rank]!;
    if (row < 0) throw new Error(backend_util.getSparseFillEmptyRowsNegativeIndexErrorMessage(entry, row));
    if (row >= rows) throw new Error(backend_util.getSparseFillEmptyRowsOutOfRangeIndexErrorMessage(entry, row, rows));
    entries[row]!.push(entry);
  }
  return entries;
}

/** The shape asked for with its -1 worked out. */
function completeShape(inputShape: number[], target: number[]): number[] {
  const unknown = target.indexOf(-1);
  const second = target.indexOf(-1, unknown + 1);
  if (unknown >= 0 && second >= 0) {
    throw new Error(backend_util.getSparseReshapeMultipleNegativeOneOutputDimErrorMessage(unknown, second));
  }
  const negative = target.findIndex((size) => size < -1);
  if (negative >= 0) throw new Error(backend_util.getSparseReshapeNegativeOutputDimErrorMessage(negative, target[negative]!));
  const shape = target.map((size) => (size === -1 ? 1 : size));
  const size = util.sizeFromShape(inputShape);
  if (unknown >= 0) {
    const known = util.sizeFromShape(shape);
    if (known === 0) throw new Error(backend_util.getSparseReshapeEmptyTensorZeroOutputDimErrorMessage());
    if (size % known !== 0) throw new Error(backend_util.getSparseReshapeInputOutputMultipleErrorMessage(inputShape, shape));
    shape[unknown] = size / known;
  }
  if (util.sizeFromShape(shape) !== size) {
    throw new Error(backend_util.getSparseReshapeInputOutputMismatchErrorMessage(inputShape, shape));
  }
  return shape;
}

/** Checks as TensorFlow does that the ids grow and that both lists stay in range; the number of segments. */
function checkSegments(indices: TypedArray, ids: TypedArray, dataRows: number): number {
  const count = ids.length;
  const segments = count === 0 ? 0 : ids[count - 1]! + 1;
  if (count > 0 && segments <= 0) throw new Error(backend_util.getSparseSegmentReductionNegativeSegmentIdsErrorMessage());
  for (let i = 0, start = 0; i < count; i++) {
    const id = ids[i]!;
    if (i + 1 < count && id === ids[i + 1]) continue;
    if (i + 1 < count && id > ids[i + 1]!) {
      throw new Error(backend_util.getSparseSegmentReductionNonIncreasingSegmentIdsErrorMessage());
    }
    if (id < 0 || id >= segments) {
      throw new Error(backend_util.getSparseSegmentReductionSegmentIdOutOfRangeErrorMessage(id, segments));
    }
    for (; start <= i; start++) {
      const index = indices[start]!;
      if (index < 0 || index >= dataRows) {
        throw new Error(backend_util.getSparseSegmentReductionIndicesOutOfRangeErrorMessage(start, index, dataRows));
      }
    }
  }
  return segments;
}

function registerSegmentReduction(kernelName: string, mean: boolean): void {
  // data [rows, …] -> [segments, …]: rows picked by indices, summed or averaged by segment
  torchKernel<SparseSegmentSumInputs>(kernelName, ({ data, indices, segmentIds }, _attrs, k) => {
    util.assert(data.shape.length > 0, () => `${kernelName}: data should be at least 1 dimensional but received scalar`);
    util.assert(indices.shape[0] === segmentIds.shape[0], () => `${kernelName}: segmentIds and indices should have same size.`);
    const picked = k.values(indices);
    const ids = k.values(segmentIds);
    const segments = checkSegments(picked, ids, data.shape[0]!);
    const dtype = data.dtype as 'float32' | 'int32';
    const rest = data.shape.slice(1);
    const rows = indexSelect(castTo(k.handle(data), dtype), 0, k.handle(indices));
    const sums = indexAdd(full([segments, ...rest], 0, dtype, k.backend.device), 0, k.handle(segmentIds), rows);
    if (!mean) return k.out(sums, dtype);
    const counts = new Array<number>(segments).fill(0);
    for (const id of ids) counts[id]! += 1;
    // A segment without rows stays 0.
    const divisors = indexTensor(counts.map((count) => Math.max(1, count)), [segments, ...rest.map(() => 1)], k);
    return k.out(castTo(divide(sums, divisors), dtype), dtype);
  });
}

export function registerSparseKernels(): void {
  // -> indices and values with a default in every row that had none, which rows those were, where each entry went
  movementKernel<SparseFillEmptyRowsInputs>(SparseFillEmptyRows, ({ indices, values, denseShape, defaultValue }, _attrs, k) => {
    const [count, rank] = indices.shape as [number, number];
    const given = k.values(indices);
    const entries = entriesByRow(given, count, rank, k.values(denseShape)[0]!);
    const outIndices: number[] = [];
    const sources: number[] = [];
    const newPlaces = new Int32Array(count);
    entries.forEach((rowEntries, row) => {
      for (const entry of rowEntries) {
        newPlaces[entry] = sources.push(entry) - 1;
        outIndices.push(...given.slice(entry * rank, (entry + 1) * rank));
      }
      if (rowEntries.length > 0) return;
      sources.push(count);
      outIndices.push(row, ...Array.from({ length: rank - 1 }, () => 0));
    });
    const withDefault = cat([k.handle(values), reshape(k.handle(defaultValue), [1])]);
    const empty = Uint8Array.from(entries, (rowEntries) => (rowEntries.length === 0 ? 1 : 0));
    return [
      k.outValues(Int32Array.from(outIndices), [sources.length, rank], 'int32'),
      k.out(indexSelect(withDefault, 0, indexTensor(sources, [sources.length], k)), values.dtype),
      k.outValues(empty, [empty.length], 'bool'),
      k.outValues(newPlaces, [count], 'int32'),
    ];
  });

  torchKernel<SparseReshapeInputs>(SparseReshape, ({ inputIndices, inputShape, newShape }, _attrs, k) => {
    const oldShape = [...k.values(inputShape)];
    const shape = completeShape(oldShape, [...k.values(newShape)]);
    const [count, oldRank] = inputIndices.shape as [number, number];
    const given = k.values(inputIndices);
    const places = new Int32Array(count * shape.length);
    for (let entry = 0; entry < count; entry++) {
      let position = 0;
      for (let dim = 0; dim < oldRank; dim++) position = position * oldShape[dim]! + given[entry * oldRank + dim]!;
      for (let dim = shape.length - 1; dim >= 0; dim--) {
        places[entry * shape.length + dim] = position % shape[dim]!;
        position = Math.floor(position / shape[dim]!);
      }
    }
    return [
      k.outValues(places, [count, shape.length], 'int32'),
      k.outValues(Int32Array.from(shape), [shape.length], 'int32'),
    ];
  });

  registerSegmentReduction(SparseSegmentSum, false);
  registerSegmentReduction(SparseSegmentMean, true);
}
