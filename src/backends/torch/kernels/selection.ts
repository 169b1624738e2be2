// Kernels that pick elements by condition or index.

import { GatherV2, Select, backend_util, upcastType, util } from '@tensorflow/tfjs-core';
import type { GatherV2Attrs, GatherV2Inputs, SelectInputs } from '@tensorflow/tfjs-core';
import { ShapeError } from '../../../errors.ts';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { movementKernel } from './movement.ts';

const expand = aten('expand');
const gather = aten('gather');
const indexSelect = aten('index_select');
const reshape = aten('reshape');
const toLong = aten('to', 'dtype');
const where = aten('where', 'self');

/** Along one dimension of each batch: x [batch, outer, dim, slice], indices [batch, n] -> [batch, outer, n, slice]. */
function gatherInBatches(
  x: Handle, indices: Handle, batch: number, outer: number, dim: number, slice: number, count: number,
): Handle {
  const perBatch = reshape(toLong(indices, 'int64'), [batch, 1, count, 1]);
  return gather(reshape(x, [batch, outer, dim, slice]), 2, expand(perBatch, [batch, outer, count, slice]));
}

export function registerSelectionKernels(): void {
  movementKernel<SelectInputs>(Select, ({ condition, t, e }, _attrs, k) => {
    const rank = t.shape.length;
    // A vector of conditions selects whole rows.
    const chosen = condition.shape.length === 1 && rank > 1
      ? reshape(k.handle(condition), [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)])
      : k.handle(condition);
    return k.out(where(chosen, k.handle(t), k.handle(e)), upcastType(t.dtype, e.dtype));
  });

  movementKernel<GatherV2Inputs, GatherV2Attrs>(GatherV2, ({ x, indices }, { axis, batchDims }, k) => {
    const dim = util.parseAxisParam(axis, x.shape)[0]!;
    const info = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, dim, batchDims);
    const flat = reshape(k.handle(indices), [-1]);
    const count = util.sizeFromShape(indices.shape) / Math.max(1, info.batchSize);
    const handle = k.handle(x);
    try {
      const picked = batchDims === 0
        ? indexSelect(handle, dim, flat)
        : gatherInBatches(handle, flat, info.batchSize, info.outerSize, info.dimSize, info.sliceSize, count);
      return k.out(reshape(picked, info.outputShape), x.dtype);
    } catch (error) {
      const outside = k.values(indices).find((index) => index < 0 || index >= info.dimSize);
      if (outside === undefined) throw error;
      throw new ShapeError(`GatherV2: the index value ${outside} is not in [0, ${info.dimSize - 1}]`);
    }
  });
}
