// Convolutions of NHWC images with weights in torch's layouts, transposed or not, and their gradients, on aten::convolution.
// Images reach it as channels-last views of their memory.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList } from '../binding.ts';
import type { Handle, NativeArg } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import { channelsFirst, channelsLast, inputShaped } from './slidingWindow.ts';

interface Geometry {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly transposed: boolean;
  readonly bias: boolean;
}

const convolution = aten('convolution');
const convolutionBackward = atenList('convolution_backward');
const typeAs = aten('type_as');

// Stride, padding, dilation, transposed, output padding, groups: the arguments that the operators share.
function geometryArguments({ stride, padding, dilation, transposed, groups }: Geometry): readonly NativeArg[] {
  const both = (value: number): number[] => [value, value];
  return [both(stride), both(padding), both(dilation), transposed, both(0), groups];
}

const inward = (x: Handle): Handle => channelsFirst(x, 2);
const outward = (x: Handle): Handle => channelsLast(x, 2);

export function registerTorchConvolutionKernels(): void {
  torchKernel<{ x: TensorInfo; weight: TensorInfo; bias?: TensorInfo }, Geometry>('MpvgConvolution', ({ x, weight, bias }, attrs, k) => {
    const image = k.handle(x);
    const offset = bias === undefined ? null : typeAs(k.handle(bias), image);
    return k.out(outward(convolution(inward(image), typeAs(k.handle(weight), image), offset, ...geometryArguments(attrs))));
  });

  torchKernel<{ dy: TensorInfo; weight: TensorInfo }, Geometry & { xShape: number[] }>(
    'MpvgConvolutionGradInput',
    ({ dy, weight }, attrs, k) => {
      const gradient = k.handle(dy);
      const [batch = 0, height = 0, width = 0, channels = 0] = attrs.xShape;
      const [dx] = convolutionBackward(
        inward(gradient), inputShaped(gradient, batch, channels, [height, width]), typeAs(k.handle(weight), gradient), null,
        ...geometryArguments(attrs), [true, false, false],
      );
      return k.out(outward(dx!));
    });

  torchKernel<{ dy: TensorInfo; x: TensorInfo; weight: TensorInfo }, Geometry>(
    'MpvgConvolutionGradWeight',
    ({ dy, x, weight }, attrs, k) => {
      const gradient = k.handle(dy);
      const [, dWeight, dBias] = convolutionBackward(
        inward(gradient), inward(typeAs(k.handle(x), gradient)), typeAs(k.handle(weight), gradient),
        [dy.shape.at(-1) ?? 0],
        ...geometryArguments(attrs), [false, true, attrs.bias],
      );
      const parameters = attrs.bias ? [dWeight!, dBias!] : [dWeight!];
      return parameters.map((handle) => k.out(typeAs(handle, k.handle(weight))));
    });
}
