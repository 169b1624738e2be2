// Largest and mean value under a sliding window, of images and volumes, and their gradients.
// The mean does not count padding. A NaN is the largest value, as in PyTorch: where tfjs's own backends pass over it, one
// would have to replace it in the input first, which takes longer than the pooling, and a run that diverged would look sound.

import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  MaxPoolWithArgmax,
} from '@tensorflow/tfjs-core';
import type {
  AvgPool3DAttrs,
  AvgPool3DGradAttrs,
  AvgPool3DGradInputs,
  AvgPool3DInputs,
  AvgPoolAttrs,
  AvgPoolGradAttrs,
  AvgPoolGradInputs,
  AvgPoolInputs,
  MaxPool3DAttrs,
  MaxPool3DGradAttrs,
  MaxPool3DGradInputs,
  MaxPool3DInputs,
  MaxPoolAttrs,
  MaxPoolGradAttrs,
  MaxPoolGradInputs,
  MaxPoolInputs,
  MaxPoolWithArgmaxAttrs,
  MaxPoolWithArgmaxInputs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { torchKernel } from '../kernel.ts';
import { averagePool, averagePoolBackward, maxPool, maxPoolBackward, maxPoolPositions } from './pool.ts';
import { poolWindow2D, poolWindow3D } from './poolWindow.ts';

export function registerPoolingKernels(): void {
  torchKernel<MaxPoolInputs, MaxPoolAttrs>(MaxPool, ({ x }, attrs, k) =>
    k.out(maxPool(k.handle(x), x.dtype, poolWindow2D(x.shape, attrs)), x.dtype));

  torchKernel<MaxPool3DInputs, MaxPool3DAttrs>(MaxPool3D, ({ x }, attrs, k) =>
    k.out(maxPool(k.handle(x), x.dtype, poolWindow3D(x.shape, attrs)), x.dtype));

  torchKernel<MaxPoolGradInputs, MaxPoolGradAttrs>(MaxPoolGrad, ({ dy, input }, attrs, k) =>
    k.out(maxPoolBackward(k.handle(dy), k.handle(input), poolWindow2D(input.shape, attrs, dy.shape))));

  torchKernel<MaxPool3DGradInputs, MaxPool3DGradAttrs>(MaxPool3DGrad, ({ dy, input }, attrs, k) =>
    k.out(maxPoolBackward(k.handle(dy), k.handle(input), poolWindow3D(input.shape, attrs, dy.shape))));

  torchKernel<MaxPoolWithArgmaxInputs, MaxPoolWithArgmaxAttrs>(MaxPoolWithArgmax, ({ x }, attrs, k): TensorInfo[] => {
    const window = poolWindow2D(x.shape, attrs);
    const [values, positions] = maxPoolPositions(k.handle(x), x.shape, window, attrs.includeBatchInIndex, k.backend.device);
    return [k.out(values, x.dtype), k.out(positions, 'int32')];
  });

  torchKernel<AvgPoolInputs, AvgPoolAttrs>(AvgPool, ({ x }, attrs, k) =>
    k.out(averagePool(k.handle(x), poolWindow2D(x.shape, attrs))));

  torchKernel<AvgPool3DInputs, AvgPool3DAttrs>(AvgPool3D, ({ x }, attrs, k) =>
    k.out(averagePool(k.handle(x), poolWindow3D(x.shape, attrs))));

  torchKernel<AvgPoolGradInputs, AvgPoolGradAttrs>(AvgPoolGrad, ({ dy, input }, attrs, k) =>
    k.out(averagePoolBackward(k.handle(dy), input.shape, poolWindow2D(input.shape, attrs, dy.shape))));

  torchKernel<AvgPool3DGradInputs, AvgPool3DGradAttrs>(AvgPool3DGrad, ({ dy, input }, attrs, k) =>
    k.out(averagePoolBackward(k.handle(dy), input.shape, poolWindow3D(input.shape, attrs, dy.shape))));
}
