// Convolutions of NHWC images with weights in torch's layouts, transposed or not, and their gradients, on aten::convolution.
// Images reach it as channels-last views of their memory. The commonest, 3 x 3 with stride and padding 1, is an operator of our
// own: native/ops/convolution3x3.cc.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList, binding, mpvg } from '../binding.ts';
import type { Handle, NativeArg } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { channelsFirst, channelsLast, inputShaped } from './slidingWindow.ts';

interface Geometry {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly transposed: boolean;
  readonly bias: boolean;
  /** Whether the result is stored as bfloat16. */
  readonly reduced: boolean;
}

const convolution = aten('convolution');
const convolutionBackward = atenList('convolution_backward');
const typeAs = aten('type_as');
const toType = aten('to', 'dtype');
const sumOver = aten('sum', 'dim_IntList');

// Stride, padding, dilation, transposed, output padding, groups: the arguments that the operators share.
function geometryArguments({ stride, padding, dilation, transposed, groups }: Geometry): readonly NativeArg[] {
  const both = (value: number): number[] => [value, value];
  return [both(stride), both(padding), both(dilation), transposed, both(0), groups];
}

function isPlain3x3({ stride, padding, dilation, groups, transposed }: Geometry, { shape }: TensorInfo): boolean {
  const isOurs = stride === 1 && padding === 1 && dilation === 1 && groups === 1 && !transposed;
  return isOurs && shape[2] === 3 && shape[3] === 3;
}

/** libtorch's own convolution of bfloat16 is a slow loop on most processors, and the right thing on a GPU. */
function withComputeType(handle: Handle, storage: 'float32' | 'bfloat16', k: KernelContext): Handle {
  return toType(handle, k.backend.device === 'cpu' ? 'float32' : storage);
}

const inward = (x: Handle): Handle => channelsFirst(x, 2);
const outward = (x: Handle): Handle => channelsLast(x, 2);

export function registerTorchConvolutionKernels(): void {
  const convolution3x3 = mpvg('convolution3x3');
  const convolution3x3Input = mpvg('convolution3x3_backward_input');
  const convolution3x3Weight = mpvg('convolution3x3_backward_weight');

  torchKernel<{ x: TensorInfo; weight: TensorInfo; bias?: TensorInfo }, Geometry>('MpvgConvolution', ({ x, weight, bias }, attrs, k) => {
    const own = bias === undefined ? null : k.handle(bias);
    if (isPlain3x3(attrs, weight)) return k.out(convolution3x3(k.handle(x), k.handle(weight), own, attrs.reduced));
    const storage = attrs.reduced ? 'bfloat16' : 'float32';
    const image = withComputeType(k.handle(x), storage, k);
    const offset = own === null ? null : typeAs(own, image);
    const y = convolution(inward(image), typeAs(k.handle(weight), image), offset, ...geometryArguments(attrs));
    return k.out(outward(toType(y, storage)));
  });

  torchKernel<{ dy: TensorInfo; weight: TensorInfo }, Geometry & { xShape: number[] }>(
    'MpvgConvolutionGradInput',
    ({ dy, weight }, attrs, k) => {
      const gradient = k.handle(dy);
      if (isPlain3x3(attrs, weight)) return k.out(convolution3x3Input(gradient, k.handle(weight)));
      const [batch = 0, height = 0, width = 0, channels = 0] = attrs.xShape;
      const given = withComputeType(gradient, binding().dtype(gradient) === 'bfloat16' ? 'bfloat16' : 'float32', k);
      const [dx] = convolutionBackward(
        inward(given), inputShaped(given, batch, channels, [height, width]), typeAs(k.handle(weight), given), null,
        ...geometryArguments(attrs), [true, false, false],
      );
      return k.out(outward(typeAs(dx, gradient)));
    });

  torchKernel<{ dy: TensorInfo; x: TensorInfo; weight: TensorInfo }, Geometry>(
    'MpvgConvolutionGradWeight',
    ({ dy, x, weight }, attrs, k) => {
      const gradient = k.handle(dy);
      if (isPlain3x3(attrs, weight)) {
        const dKernel = k.out(convolution3x3Weight(gradient, k.handle(x)));
        return attrs.bias ? [dKernel, k.out(typeAs(sumOver(gradient, [0, 1, 2], false, null), k.handle(weight)))] : [dKernel];
      }
      const given = withComputeType(gradient, binding().dtype(gradient) === 'bfloat16' ? 'bfloat16' : 'float32', k);
      const [, dWeight, dBias] = convolutionBackward(
        inward(given), inward(typeAs(k.handle(x), given)), typeAs(k.handle(weight), given),
        [dy.shape.at(-1) ?? 0],
        ...geometryArguments(attrs), [false, true, attrs.bias],
      );
      const parameters = attrs.bias ? [dWeight!, dBias!] : [dWeight!];
      return parameters.map((handle) => k.out(typeAs(handle, k.handle(weight))));
    });
}
