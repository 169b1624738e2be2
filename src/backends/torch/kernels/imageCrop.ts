// Boxes of images, cropped and resized. Boxes are [y1, x1, y2, x2] in units of the image's last row and column.

import { CropAndResize } from '@tensorflow/tfjs-core';
import type { CropAndResizeAttrs, CropAndResizeInputs } from '@tensorflow/tfjs-core';
import { aten } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';
import { bilinearPixels, insideImage, nearestPixels } from './pixelSampling.ts';

const arange = aten('arange', 'start_step');
const narrow = aten('narrow');
const multiply = aten('mul', 'Tensor');
const multiplyScalar = aten('mul', 'Scalar');
const divideScalar = aten('div', 'Scalar');
const add = aten('add', 'Tensor');
const subtract = aten('sub', 'Tensor');
const toType = aten('to', 'dtype');
const reshape = aten('reshape');
const clamp = aten('clamp');
const less = aten('lt', 'Scalar');
const bothTrue = aten('bitwise_and', 'Tensor');
const where = aten('where', 'ScalarOther');

// Source rows (or columns) of each box's crop: [boxes, length], or [boxes, 1] of the centre where the length is 1.
function cropPositions(start: Handle, end: Handle, imageLength: number, length: number, device: string): Handle {
  if (length === 1) return multiplyScalar(add(start, end, 1), 0.5 * (imageLength - 1));
  // In this order the last position is exactly the box's end.
  const steps = multiplyScalar(multiply(subtract(end, start, 1), arange(0, length, 1, 'float64', null, device)), imageLength - 1);
  return add(multiplyScalar(start, imageLength - 1), divideScalar(steps, length - 1), 1);
}

export function registerImageCropKernel(): void {
  torchKernel<CropAndResizeInputs, CropAndResizeAttrs>(CropAndResize, ({ image, boxes, boxInd }, attrs, k) => {
    const { cropSize: [height, width], method, extrapolationValue } = attrs;
    const [batch, imageHeight, imageWidth] = image.shape;
    const { device } = k.backend;
    const count = boxes.shape[0]!;
    const corners = toType(k.handle(boxes), 'float64');
    const edge = (column: number): Handle => narrow(corners, 1, column, 1);
    const y = reshape(cropPositions(edge(0), edge(2), imageHeight!, height, device), [count, height, 1]);
    const x = reshape(cropPositions(edge(1), edge(3), imageWidth!, width, device), [count, 1, width]);
    const owner = toType(reshape(k.handle(boxInd), [count, 1, 1]), 'int64');

    const source = image.dtype === 'float32' ? k.handle(image) : castTo(k.handle(image), 'float32');
    const pixels = { images: source, height: imageHeight!, width: imageWidth!, batch: clamp(owner, 0, batch! - 1) };
    const values = method === 'bilinear' ? bilinearPixels(pixels, y, x) : nearestPixels(pixels, y, x);
    const inside = bothTrue(insideImage(y, imageHeight!), insideImage(x, imageWidth!));
    const filled = where(reshape(inside, [count, height, width, 1]), values, extrapolationValue);
    // A box of an image that is not in the batch stays empty.
    return k.out(where(reshape(less(owner, batch), [count, 1, 1, 1]), filled, 0));
  });
}
