// The fully connected layer: y = x weightᵀ + bias. The weight has torch's layout, [out, in].

import { add, matMul, registerGradient, reshape } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList } from './fused.ts';

/**
 * Applies a fully connected layer to the last axis.
 *
 * @param x [..., in], float32
 * @param weight [out, in], float32
 * @param bias [out], float32; absent: none
 * @returns [..., out]
 * @throws ShapeError
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  checkShape('linear', 'weight', weight, ['out', 'in']);
  const [outputs = 0, inputs = 0] = weight.shape;
  checkShape('linear', 'x', x, ['...', inputs]);
  if (bias !== undefined) checkShape('linear', 'bias', bias, [outputs]);
  if (!fusedKernel('MpvgLinear')) return linearComposed(x, weight, bias);
  return bias === undefined ?
    runFused('MpvgLinear', { x, weight }, { bias: false }) :
    runFused('MpvgLinear', { x, weight, bias }, { bias: true });
}

/** `linear` from tfjs's own operations, unchecked. */
export function linearComposed(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs = 0, inputs = 0] = weight.shape;
  const rows = x.rank === 2 ? x : reshape(x, [x.size / inputs, inputs]); // [rows, in]
  const product: Tensor = matMul(rows, weight, false, true);
  const y = bias === undefined ? product : add(product, bias);
  return x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), outputs]);
}

registerGradient({
  kernelName: 'MpvgLinear',
  inputsToSave: ['x', 'weight'],
  gradFunc: (dy, saved, attributes) => {
    const [x, weight] = saved as [Tensor, Tensor];
    const bias = attributes['bias'] === true;
    // The weight's and the bias's come out of one kernel. The input's is left out where nothing below needs it.
    const [dWeight, dBias] = runFusedList('MpvgLinearGradWeight', { dy: dy as Tensor, x }, { bias });
    return {
      x: () => runFused('MpvgLinearGradInput', { dy: dy as Tensor, weight }),
      weight: () => dWeight!,
      bias: () => dBias!,
    };
  },
});
