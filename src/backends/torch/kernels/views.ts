// Kernels whose result shares its input's storage: same elements, other shape or order.

import { BroadcastTo, ExpandDims, Identity, Reshape, Slice, SplitV, StridedSlice, Transpose, Unpack } from '@tensorflow/tfjs-core';
import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type {
  BroadCastToAttrs, BroadcastToInputs, ExpandDimsAttrs, ExpandDimsInputs, IdentityInputs, ReshapeAttrs, ReshapeInputs,
  SliceAttrs, SliceInputs, SplitVAttrs, SplitVInputs, StridedSliceAttrs, StridedSliceInputs, TransposeAttrs, TransposeInputs,
  UnpackAttrs, UnpackInputs,
} from '@tensorflow/tfjs-core';
import { aten, atenList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { movementKernel } from './movement.ts';

const expand = aten('expand');
const flip = aten('flip');
const narrow = aten('narrow');
const permute = aten('permute');
const reshape = aten('reshape');
const sliceDim = aten('slice', 'Tensor');
const splitWithSizes = atenList('split_with_sizes');
const unbind = atenList('unbind', 'int');
const unsqueeze = aten('unsqueeze');

/** `size` elements from `begin` in each dimension; a view, and a new handle also when nothing is cut. */
function narrowAll(x: Handle, shape: readonly number[], begin: readonly number[], size: readonly number[]): Handle {
  let result: Handle | undefined;
  for (let dim = 0; dim < shape.length; dim++) {
    if (size[dim] !== shape[dim]) result = narrow(result ?? x, dim, begin[dim], size[dim]);
  }
  return result ?? reshape(x, size);
}

// `count` elements from `begin`, `stride` apart. libtorch's slice wants a positive step: a backward walk goes forward over the
// flipped dimension.
function strided(x: Handle, dim: number, length: number, begin: number, count: number, stride: number): Handle {
  if (count === 0) return narrow(x, dim, 0, 0);
  const first = stride > 0 ? begin : length - 1 - begin;
  const step = Math.abs(stride);
  return sliceDim(stride > 0 ? x : flip(x, [dim]), dim, first, first + (count - 1) * step + 1, step);
}

export function registerViewKernels(): void {
  torchKernel<IdentityInputs>(Identity, ({ x }, _attrs, k) => k.same(x));

  movementKernel<ReshapeInputs, ReshapeAttrs>(Reshape, ({ x }, { shape }, k) => {
    const size = util.sizeFromShape(x.shape);
    const full = util.inferFromImplicitShape(shape, size);
    util.assert(
      size === util.sizeFromShape(full),
      () => `The new shape (${full}) has ${util.sizeFromShape(full)} elements and the old shape (${x.shape}) has ${size} elements. ` +
        'The new shape and old shape must have the same number of elements.',
    );
    return k.out(reshape(k.handle(x), full), x.dtype);
  });

  movementKernel<ExpandDimsInputs, ExpandDimsAttrs>(ExpandDims, ({ input }, { dim }, k) => {
    util.assert(
      dim >= -(input.shape.length + 1) && dim <= input.shape.length,
      () => `Axis must be in the interval [${-(input.shape.length + 1)}, ${input.shape.length}]`,
    );
    return k.out(unsqueeze(k.handle(input), dim), input.dtype);
  });

  movementKernel<TransposeInputs, TransposeAttrs>(Transpose, ({ x }, { perm }, k) => k.out(permute(k.handle(x), perm), x.dtype));

  movementKernel<BroadcastToInputs, BroadCastToAttrs>(BroadcastTo, ({ x }, { shape }, k) =>
    k.out(expand(k.handle(x), shape), x.dtype));

  movementKernel<SliceInputs, SliceAttrs>(Slice, ({ x }, attrs, k) => {
    const [begin, size] = slice_util.parseSliceParams(x, attrs.begin, attrs.size);
    slice_util.assertParamsValid(x, begin!, size!);
    return k.out(narrowAll(k.handle(x), x.shape, begin!, size!), x.dtype);
  });

  movementKernel<StridedSliceInputs, StridedSliceAttrs>(StridedSlice, ({ x }, attrs, k) => {
    const { finalShape, isIdentity, sliceDim0, isSimpleSlice, begin, end, strides } = slice_util.sliceInfo(
      x.shape, attrs.begin, attrs.end, attrs.strides, attrs.beginMask, attrs.endMask, attrs.ellipsisMask, attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    let result = k.handle(x);
    if (!isIdentity) {
      if (sliceDim0 || isSimpleSlice) {
        util.assert(x.shape.length >= 1, () => `Input must have rank at least 1, got: ${x.shape.length}`);
      }
      slice_util.computeOutShape(begin, end, strides).forEach((count, dim) => {
        result = strided(result, dim, x.shape[dim]!, begin[dim]!, Math.max(0, count), strides[dim]!);
      });
    }
    return k.out(reshape(result, finalShape), x.dtype);
  });

  movementKernel<SplitVInputs, SplitVAttrs>(SplitV, ({ x }, { numOrSizeSplits, axis }, k) => {
    const dim = util.parseAxisParam(axis, x.shape)[0]!;
    const sizes = backend_util.prepareSplitSize(x, numOrSizeSplits, dim);
    return splitWithSizes(k.handle(x), sizes, dim).map((part) => k.out(part!, x.dtype));
  });

  movementKernel<UnpackInputs, UnpackAttrs>(Unpack, ({ value }, { axis }, k) =>
    unbind(k.handle(value), axis).map((part) => k.out(part!, value.dtype)));
}
