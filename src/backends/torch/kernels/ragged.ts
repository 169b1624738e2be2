// Kernels of ragged tensors: values laid one after the other, cut into rows of different lengths by row splits. The splits are
// worked out in TypeScript, as the shapes of the results depend on them; the values stay in libtorch.

import { RaggedGather, RaggedRange, RaggedTensorToTensor, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  RaggedGatherAttrs, RaggedGatherInputs, RaggedRangeInputs, RaggedTensorToTensorAttrs, RaggedTensorToTensorInputs, TensorInfo,
  TypedArray,
} from '@tensorflow/tfjs-core';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { movementKernel } from './movement.ts';
import { outputRows } from './raggedRows.ts';

const expand = aten('expand');
const indexCopy = aten('index_copy');
const indexSelect = aten('index_select');
const reshape = aten('reshape');
const toDtype = aten('to', 'dtype');

function int64(values: readonly number[], k: KernelContext): Handle {
  return toDtype(binding().fromTypedArray(Int32Array.from(values), [values.length], 'int32', k.backend.device), 'int64');
}

function checkSplits(nested: readonly TypedArray[], valueCount: number): void {
  nested.forEach((splits, level) => {
    const limit = level === nested.length - 1 ? valueCount : nested[level + 1]!.length;
    if (splits.length === 0) throw new Error('Ragged splits may not be empty');
    if (splits[0]! < 0) throw new Error('Ragged splits must be non-negative');
    if (splits[splits.length - 1]! > limit) throw new Error('Ragged splits must not point past values');
    for (let i = 1; i < splits.length; i++) {
      if (splits[i - 1]! > splits[i]!) throw new Error('Ragged splits must be sorted in ascending order');
    }
  });
}

function checkGatherIndices(indices: TypedArray, shape: number[], rows: number): void {
  indices.forEach((index, i) => {
    if (index >= 0 && index < rows) return;
    const place = util.indexToLoc(i, shape.length, util.computeStrides(shape)).join(',');
    throw new Error(`indices[${place}] = ${index} is not in [0, ${rows})`);
  });
}

/** The splits of the gathered tensor, outermost first, and which values it takes. */
function gatherRows(
  nested: readonly TypedArray[], indices: TypedArray, indicesShape: number[],
): { splits: number[][]; taken: number[] } {
  // All but the last dimension of the indices become rows of one length.
  const splits = indicesShape.slice(0, -1).map((_, dim) => {
    const rows = util.sizeFromShape(indicesShape.slice(0, dim + 1));
    return Array.from({ length: rows + 1 }, (_unused, row) => row * indicesShape[dim + 1]!);
  });
  // Then each level of the parameters, for which a range of rows leads to a range of rows one level further in. Of scalar
  // indices the outermost level is dropped: there is one row.
  let ranges: [start: number, end: number][] = Array.from(indices, (index) => [index, index + 1]);
  nested.forEach((level, depth) => {
    if (depth > 0 || indicesShape.length > 0) {
      const out = [0];
      for (const [start, end] of ranges) {
        for (let row = start; row < end; row++) out.push(out[out.length - 1]! + level[row + 1]! - level[row]!);
      }
      splits.push(out);
    }
    ranges = ranges.map(([start, end]) => [level[start]!, level[end]!]);
  });
  return { splits, taken: ranges.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i)) };
}

/** The values of a vector, or a scalar for every row. */
function perRow(tensor: TensorInfo, rows: number, k: KernelContext): ArrayLike<number> {
  const values = k.values(tensor);
  return tensor.shape.length === 0 ? Array.from({ length: rows }, () => values[0]!) : values;
}

function rangeLength(start: number, limit: number, delta: number): number {
  if (delta === 0) throw new Error('Requires delta != 0');
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (length > 0x7fff_ffff) throw new Error('Requires ((limit - start) / delta) <= 2147483647');
  return length;
}

export function registerRaggedKernels(): void {
  movementKernel<RaggedGatherInputs, RaggedGatherAttrs>(
    RaggedGather,
    ({ paramsNestedSplits, paramsDenseValues, indices }, _attrs, k) => {
      if (paramsNestedSplits.length === 0) throw new Error('paramsNestedSplits must be non empty');
      if (paramsNestedSplits[0]!.shape.length === 0) throw new Error('Split tensors must not be scalars');
      const wanted = k.values(indices);
      checkGatherIndices(wanted, indices.shape, paramsNestedSplits[0]!.shape[0]! - 1);
      if (paramsDenseValues.shape.length === 0) throw new Error('params.rank must be nonzero');
      const nested = paramsNestedSplits.map((splits) => k.values(splits));
      checkSplits(nested, paramsDenseValues.shape[0]!);
      const { splits, taken } = gatherRows(nested, wanted, indices.shape);
      return [
        ...splits.map((level) => k.outValues(Int32Array.from(level), [level.length], 'int32')),
        k.out(indexSelect(k.handle(paramsDenseValues), 0, int64(taken, k)), paramsDenseValues.dtype),
      ];
    },
  );

  // starts, limits, deltas [n] or scalar -> splits [n + 1] and the numbers of all rows
  torchKernel<RaggedRangeInputs>(RaggedRange, ({ starts, limits, deltas }, _attrs, k) => {
    Object.entries({ starts, limits, deltas }).forEach(([name, tensor]) => {
      if (tensor.shape.length > 1) throw new Error(`${name} must be a scalar or vector`);
    });
    const lengths = [starts, limits, deltas].flatMap((tensor) => tensor.shape);
    const rows = lengths[0] ?? 1;
    if (lengths.some((length) => length !== rows)) throw new Error('starts, limits, and deltas must have the same shape');
    const [first, end, step] = [starts, limits, deltas].map((tensor) => perRow(tensor, rows, k));
    const splits = [0];
    const numbers: number[] = [];
    for (let row = 0; row < rows; row++) {
      const length = rangeLength(first![row]!, end![row]!, step![row]!);
      for (let i = 0; i < length; i++) numbers.push(first![row]! + i * step![row]!);
      splits.push(numbers.length);
    }
    const values = starts.dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
    return [k.outValues(Int32Array.from(splits), [splits.length], 'int32'), k.outValues(values, [numbers.length], starts.dtype)];
  });

  // values [n, …] -> a dense tensor, cut and filled up with the default where rows are longer or shorter than its shape
  movementKernel<RaggedTensorToTensorInputs, RaggedTensorToTensorAttrs>(
    RaggedTensorToTensor,
    ({ shape, values, defaultValue, rowPartitionTensors }, { rowPartitionTypes }, k) => {
      const asked = k.values(shape);
      if (shape.shape.length === 0 && asked[0] !== -1) {
        throw new Error('The only valid scalar shape tensor is the fully unknown shape specified as -1.');
      }
      backend_util.validateDefaultValueShape(defaultValue.shape, values.shape);
      const { rows, outputShape, raggedRank } = outputRows(
        shape.shape.length === 0 ? [] : [...asked],
        values.shape,
        rowPartitionTensors.map((tensor) => [...k.values(tensor)]),
        backend_util.getRowPartitionTypesHelper(rowPartitionTypes),
      );
      const elementShape = outputShape.slice(raggedRank + 1);
      const rowCount = util.sizeFromShape(outputShape.slice(0, raggedRank + 1));
      const base = expand(k.handle(defaultValue), [rowCount, ...elementShape]);
      const kept = rows.flatMap((row, value) => (row >= 0 ? [value] : []));
      const source = reshape(indexSelect(k.handle(values), 0, int64(kept, k)), [kept.length, ...elementShape]);
      const placed = indexCopy(base, 0, int64(rows.filter((row) => row >= 0), k), source);
      return k.out(reshape(placed, outputShape), values.dtype);
    },
  );
}
