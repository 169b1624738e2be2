// Resizing and pooling of NHWC images by torch's rules. They reach ATen as channels-last views of their memory.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList, mpvg } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { castTo } from './cast.ts';
import { channelsFirst, channelsLast, inputShaped } from './slidingWindow.ts';

const inward = (x: Handle): Handle => channelsFirst(x, 2);
const outward = (x: Handle): Handle => channelsLast(x, 2);

interface Interpolation {
  readonly alignCorners: boolean;
  readonly cubic: boolean;
}

interface Part {
  readonly place: number[];
  readonly source: number[];
  readonly size: number[];
  readonly part: number[];
}

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

export function registerTorchResizeKernels(): void {
  const bilinear = aten('upsample_bilinear2d');
  const bicubic = aten('upsample_bicubic2d');
  torchKernel<{ x: TensorInfo }, Interpolation & { size: number[] }>('MpvgResize', ({ x }, { size, alignCorners, cubic }, k) =>
    k.out(outward((cubic ? bicubic : bilinear)(inward(k.handle(x)), size, alignCorners))));

  const resizePart = mpvg('resize_part');
  torchKernel<{ x: TensorInfo }, Part>('MpvgResizePart', ({ x }, { place, source, size, part }, k) =>
    k.out(resizePart(k.handle(x), place, source, size, part)));

  const bilinearGrad = aten('upsample_bilinear2d_backward');
  const bicubicGrad = aten('upsample_bicubic2d_backward');
  torchKernel<{ dy: TensorInfo }, Interpolation & { shape: number[] }>('MpvgResizeGrad', ({ dy }, { shape, alignCorners, cubic }, k) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = shape;
    const backward = cubic ? bicubicGrad : bilinearGrad;
    return k.out(outward(backward(inward(k.handle(dy)), dy.shape.slice(1, 3), [batch, channels, height, width], alignCorners)));
  });

  const averagePool = aten('_adaptive_avg_pool2d');
  torchKernel<{ x: TensorInfo }, { size: number[] }>('MpvgAdaptiveAvgPool', ({ x }, { size }, k) =>
    k.out(outward(averagePool(inward(k.handle(x)), size))));

  const averagePoolGrad = aten('_adaptive_avg_pool2d_backward');
  torchKernel<{ dy: TensorInfo }, { shape: number[] }>('MpvgAdaptiveAvgPoolGrad', ({ dy }, { shape }, k) => {
    const gradient = k.handle(dy);
    const [batch = 0, height = 0, width = 0, channels = 0] = shape;
    return k.out(outward(averagePoolGrad(inward(gradient), inputShaped(gradient, batch, channels, [height, width]))));
  });

  const windowArguments = ({ kernel, stride, padding }: Window) =>
    [[kernel, kernel], [stride, stride], [padding, padding], [1, 1], false];
  const maxPool = atenList('max_pool2d_with_indices');
  torchKernel<{ x: TensorInfo }, Window>('MpvgMaxPool', ({ x }, window, k) => {
    const [y, winners] = maxPool(inward(k.handle(x)), ...windowArguments(window));
    return [k.out(outward(y!)), k.out(castTo(outward(winners!), 'int32'), 'int32')];
  });

  const convert = aten('to', 'dtype');
  const maxPoolGrad = aten('max_pool2d_with_indices_backward');
  torchKernel<{ dy: TensorInfo; winners: TensorInfo }, Window & { shape: number[] }>('MpvgMaxPoolGrad', ({ dy, winners }, attrs, k) => {
    const gradient = k.handle(dy);
    const [batch = 0, height = 0, width = 0, channels = 0] = attrs.shape;
    const input = inputShaped(gradient, batch, channels, [height, width]);
    const indices = convert(k.handle(winners), 'int64');
    return k.out(outward(maxPoolGrad(inward(gradient), input, ...windowArguments(attrs), inward(indices))));
  });
}
