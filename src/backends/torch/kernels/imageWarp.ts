// Images flipped, rotated and transformed projectively.

import { FlipLeftRight, RotateWithOffset, Transform, backend_util } from '@tensorflow/tfjs-core';
import type {
  FlipLeftRightInputs,
  RotateWithOffsetAttrs,
  RotateWithOffsetInputs,
  TransformAttrs,
  TransformInputs,
} from '@tensorflow/tfjs-core';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';
import { mapCoordinate } from './fillMode.ts';
import { bilinearPixels, insideImage, pixelsAt, roundHalfUp } from './pixelSampling.ts';
import type { PixelSource } from './pixelSampling.ts';

const flip = aten('flip');
const arange = aten('arange', 'start_step');
const reshape = aten('reshape');
const add = aten('add', 'Tensor');
const addScalar = aten('add', 'Scalar');
const multiply = aten('mul', 'Tensor');
const multiplyScalar = aten('mul', 'Scalar');
const divide = aten('div', 'Tensor');
const narrow = aten('narrow');
const toType = aten('to', 'dtype');
const typeAs = aten('type_as');
const unsqueeze = aten('unsqueeze');
const bothTrue = aten('bitwise_and', 'Tensor');
const notEqual = aten('ne', 'Scalar');
const whereScalar = aten('where', 'ScalarOther');
const where = aten('where', 'self');

const opaque = 255;

// 0, 1, ... count - 1 in float64, shaped to broadcast.
function coordinates(count: number, shape: readonly number[], device: string): Handle {
  return reshape(arange(0, count, 1, 'float64', null, device), shape);
}

function sourceOf(images: Handle, [batch, height, width]: readonly number[], device: string): PixelSource {
  const owners = reshape(arange(0, batch, 1, 'int64', null, device), [-1, 1, 1]);
  return { images, height: height!, width: width!, batch: owners };
}

export function registerImageWarpKernels(): void {
  torchKernel<FlipLeftRightInputs>(FlipLeftRight, ({ image }, _attrs, k) => k.out(flip(k.handle(image), [2]), image.dtype));

  torchKernel<RotateWithOffsetInputs, RotateWithOffsetAttrs>(RotateWithOffset, ({ image }, { radians, fillValue, center }, k) => {
    const [, height, width, channels] = image.shape;
    const { device } = k.backend;
    const [centerX, centerY] = backend_util.getImageCenter(center, height!, width!);
    const x = addScalar(coordinates(width!, [1, 1, -1], device), -centerX);
    const y = addScalar(coordinates(height!, [1, -1, 1], device), -centerY);
    const sin = Math.sin(radians), cos = Math.cos(radians);
    const sourceX = roundHalfUp(addScalar(add(multiplyScalar(x, cos), y, -sin), centerX));
    const sourceY = roundHalfUp(addScalar(add(multiplyScalar(x, sin), y, cos), centerY));

    const images = k.handle(image);
    const pixels = pixelsAt(sourceOf(images, image.shape, device), sourceY, sourceX);
    const inside = unsqueeze(bothTrue(insideImage(sourceX, width!), insideImage(sourceY, height!)), -1);
    // A colour to fill with leaves the fourth channel opaque.
    const fill = Float32Array.from({ length: channels! }, (_, channel) =>
      typeof fillValue === 'number' ? fillValue : (channel === 3 ? opaque : fillValue[channel] ?? 0));
    const fillPixel = typeAs(binding().fromTypedArray(fill, [channels!], 'float32', device), images);
    return k.out(where(inside, pixels, fillPixel), image.dtype);
  });

  torchKernel<TransformInputs, TransformAttrs>(Transform, ({ image, transforms }, attrs, k) => {
    const { interpolation, fillMode, fillValue, outputShape } = attrs;
    const [, height, width] = image.shape;
    const [outHeight, outWidth] = outputShape ?? [height!, width!];
    const { device } = k.backend;
    const x = coordinates(outWidth, [1, 1, -1], device), y = coordinates(outHeight, [1, -1, 1], device);
    const matrix = toType(k.handle(transforms), 'float64');
    const entry = (column: number): Handle => reshape(narrow(matrix, 1, column, 1), [-1, 1, 1]);
    const affine = (first: number): Handle => add(multiply(entry(first), x), multiply(entry(first + 1), y), 1);

    const projection = addScalar(affine(6), 1);
    // Positions at infinity show the fill value; 1 keeps the numbers finite until then.
    const finite = notEqual(projection, 0);
    const divisor = whereScalar(finite, projection, 1);
    const sourceX = mapCoordinate(divide(add(affine(0), entry(2), 1), divisor), width!, fillMode);
    const sourceY = mapCoordinate(divide(add(affine(3), entry(5), 1), divisor), height!, fillMode);

    const images = image.dtype === 'float32' ? k.handle(image) : castTo(k.handle(image), 'float32');
    const source = sourceOf(images, image.shape, device);
    const read = (row: Handle, column: Handle): Handle => {
      const inside = unsqueeze(bothTrue(insideImage(row, height!), insideImage(column, width!)), -1);
      return whereScalar(inside, pixelsAt(source, row, column), fillValue);
    };
    const values = interpolation === 'nearest'
      ? read(roundHalfUp(sourceY), roundHalfUp(sourceX))
      : bilinearPixels(source, sourceY, sourceX, read);
    const result = whereScalar(unsqueeze(finite, -1), values, fillValue);
    return k.out(image.dtype === 'float32' ? result : castTo(result, 'int32'), image.dtype);
  });
}
