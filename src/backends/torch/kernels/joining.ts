// Kernels that lay tensors side by side or repeat them.

import { Concat, Pack, PadV2, Reverse, Tile, backend_util, util } from '@tensorflow/tfjs-core';
import type {
  ConcatAttrs, ConcatInputs, PackAttrs, PackInputs, PadV2Attrs, PadV2Inputs, ReverseAttrs, ReverseInputs, TileAttrs, TileInputs,
} from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { movementKernel } from './movement.ts';

const cat = aten('cat');
const expand = aten('expand');
const flip = aten('flip');
const padConstant = aten('constant_pad_nd');
const repeat = aten('repeat');
const reshape = aten('reshape');
const stack = aten('stack');

export function registerJoiningKernels(): void {
  movementKernel<ConcatInputs, ConcatAttrs>(Concat, (inputs, { axis }, k) => {
    const dim = util.parseAxisParam(axis, inputs[0]!.shape)[0]!;
    const shapes = inputs.map((input) => input.shape);
    backend_util.assertParamsConsistent(shapes, dim);
    const given = inputs.filter((input) => util.sizeFromShape(input.shape) > 0);
    const dtype = inputs[0]!.dtype;
    if (given.length === 0) return k.out(reshape(k.handle(inputs[0]!), backend_util.computeOutShape(shapes, dim)), dtype);
    return k.out(cat(given.map((input) => k.handle(input)), dim), dtype);
  });

  movementKernel<PackInputs, PackAttrs>(Pack, (inputs, { axis }, k) => {
    const { dtype } = inputs[0]!;
    util.assert(inputs.every((input) => input.dtype === dtype), () => 'All tensors passed to stack must have matching dtypes');
    return k.out(stack(inputs.map((input) => k.handle(input)), axis), dtype);
  });

  movementKernel<TileInputs, TileAttrs>(Tile, ({ x }, { reps }, k) => {
    // tfjs broadcasts by tiling; where only dimensions of 1 are repeated no element has to be copied.
    const broadcast = x.shape.every((size, dim) => size === 1 || reps[dim] === 1);
    const handle = k.handle(x);
    return k.out(broadcast ? expand(handle, x.shape.map((size, dim) => size * reps[dim]!)) : repeat(handle, reps), x.dtype);
  });

  movementKernel<PadV2Inputs, PadV2Attrs>(PadV2, ({ x }, { paddings, constantValue }, k) =>
    k.out(padConstant(k.handle(x), [...paddings].reverse().flat(), constantValue), x.dtype));

  movementKernel<ReverseInputs, ReverseAttrs>(Reverse, ({ x }, { dims }, k) =>
    k.out(flip(k.handle(x), util.parseAxisParam(dims, x.shape)), x.dtype));
}
