// Blocks of space moved to the batch or out of the channels: views and one copy.

import { BatchToSpaceND, DepthToSpace, SpaceToBatchND } from '@tensorflow/tfjs-core';
import type {
  BatchToSpaceNDAttrs,
  BatchToSpaceNDInputs,
  DepthToSpaceAttrs,
  DepthToSpaceInputs,
  SpaceToBatchNDAttrs,
  SpaceToBatchNDInputs,
} from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

const reshape = aten('reshape');
const permute = aten('permute');
const narrow = aten('narrow');
const constantPad = aten('constant_pad_nd');

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

export function registerSpatialBlockKernels(): void {
  // [N, s1, ..., rest] -> [b1 b2 ... N, s1 / b1, ..., rest]
  torchKernel<SpaceToBatchNDInputs, SpaceToBatchNDAttrs>(SpaceToBatchND, ({ x }, { blockShape, paddings }, k) => {
    const axes = blockShape.length;
    const batch = x.shape[0]!, rest = x.shape.slice(1 + axes);
    // constant_pad_nd begins with the last axis.
    const pads = [...paddings.map(([before, after]) => [before!, after!]), ...rest.map(() => [0, 0])].reverse().flat();
    const padded = constantPad(k.handle(x), pads, 0);
    const blocks = blockShape.map((block, axis) =>
      (x.shape[axis + 1]! + paddings[axis]![0]! + paddings[axis]![1]!) / block);
    const split = reshape(padded, [batch, ...blockShape.flatMap((block, axis) => [blocks[axis]!, block]), ...rest]);
    const inner = blockShape.map((_, axis) => 2 + 2 * axis);
    const outer = blockShape.map((_, axis) => 1 + 2 * axis);
    const moved = permute(split, [...inner, 0, ...outer, ...rest.map((_, axis) => 1 + 2 * axes + axis)]);
    return k.out(reshape(moved, [product(blockShape) * batch, ...blocks, ...rest]), x.dtype);
  });

  // [b1 b2 ... N, s1, ..., rest] -> [N, s1 b1 - crops, ..., rest]
  torchKernel<BatchToSpaceNDInputs, BatchToSpaceNDAttrs>(BatchToSpaceND, ({ x }, { blockShape, crops }, k) => {
    const axes = blockShape.length;
    const batch = x.shape[0]! / product(blockShape);
    const space = x.shape.slice(1, 1 + axes), rest = x.shape.slice(1 + axes);
    const split = reshape(k.handle(x), [...blockShape, batch, ...space, ...rest]);
    const interleaved = space.flatMap((_, axis) => [axes + 1 + axis, axis]);
    const moved = permute(split, [axes, ...interleaved, ...rest.map((_, axis) => 1 + 2 * axes + axis)]);
    let result = reshape(moved, [batch, ...space.map((size, axis) => size * blockShape[axis]!), ...rest]);
    crops.forEach(([before, after], axis) => {
      result = narrow(result, axis + 1, before, space[axis]! * blockShape[axis]! - before! - after!);
    });
    return k.out(result, x.dtype);
  });

  // [N, H, W, b b C] -> [N, H b, W b, C]
  torchKernel<DepthToSpaceInputs, DepthToSpaceAttrs>(DepthToSpace, ({ x }, { blockSize, dataFormat }, k) => {
    const [batch, ...sizes] = x.shape;
    if (dataFormat === 'NHWC') {
      const [height, width, depth] = sizes;
      const channels = depth! / (blockSize * blockSize);
      const split = reshape(k.handle(x), [batch!, height!, width!, blockSize, blockSize, channels]);
      const shape = [batch!, height! * blockSize, width! * blockSize, channels];
      return k.out(reshape(permute(split, [0, 1, 3, 2, 4, 5]), shape), x.dtype);
    }
    const [depth, height, width] = sizes;
    const channels = depth! / (blockSize * blockSize);
    const split = reshape(k.handle(x), [batch!, blockSize, blockSize, channels, height!, width!]);
    const shape = [batch!, channels, height! * blockSize, width! * blockSize];
    return k.out(reshape(permute(split, [0, 3, 4, 1, 5, 2]), shape), x.dtype);
  });
}
