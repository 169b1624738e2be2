// The gradient in the form in which image_ops.safetensors has it.

import { engine, linspace, reshape, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ReferenceTensor } from '../reference.ts';

/** An operation's output, and the gradient for x of sum(output · linspace(-1, 1)). */
export function referenceGradient(f: (x: Tensor) => Tensor, { data, shape }: ReferenceTensor) {
  return tidy(() => {
    const x = tensor(data, [...shape]);
    const y = f(x);
    const dy = reshape(linspace(-1, 1, y.size), y.shape);
    const { value, grads } = engine().gradients(() => f(x), [x], dy);
    return { output: value.dataSync<'float32'>(), gradient: grads[0]!.dataSync<'float32'>() };
  });
}
