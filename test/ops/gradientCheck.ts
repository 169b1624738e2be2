// Checks gradients by finite differences, and the fused operations against the composed ones.

import { engine, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Rng } from '../../src/random/rng.ts';

/** Normal values times `scale`. */
export function randomTensor(rng: Rng, shape: number[], scale = 1): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(Float32Array.from({ length: count }, () => scale * rng.normal()), shape);
}

/**
 * For each input, how far the tape's gradient is from a central difference along a random direction, as a part of the
 * gradient's norm. The output is summed with random weights, in double precision.
 */
export function gradientErrors(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[], step = 1e-2): number[] {
  const rng = new Rng(7);
  return tidy(() => {
    const weights = Array.from({ length: f(...inputs).size }, () => rng.normal());
    const dy = tensor(weights, f(...inputs).shape);
    const sum = (at: Tensor[]) => f(...at).dataSync<'float32'>().reduce((total, value, i) => total + value * weights[i]!, 0);
    const { grads } = engine().gradients(() => f(...inputs), inputs, dy);
    return inputs.map((input, i) => {
      const gradient = grads[i]!.dataSync<'float32'>();
      const norm = Math.hypot(...gradient);
      // A direction that has a large part of the gradient: else rounding hides what is compared.
      const direction = Float32Array.from(gradient, (value) => value / norm + rng.normal() / Math.sqrt(gradient.length));
      const values = input.dataSync<'float32'>();
      const moved = (sign: number) => inputs.map((other, j) =>
        (j === i ? tensor(values.map((value, k) => value + sign * step * direction[k]!), input.shape) : other));
      const difference = (sum(moved(1)) - sum(moved(-1))) / (2 * step);
      const expected = gradient.reduce((total, value, k) => total + value * direction[k]!, 0);
      return Math.abs(difference - expected) / norm;
    });
  });
}

/** The output and every input's gradient, under one output gradient: `given`, or a random one. */
export function outputAndGradients(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[], given?: Tensor): Float32Array[] {
  return tidy(() => {
    const dy = given ?? randomTensor(new Rng(8), f(...inputs).shape);
    const { value, grads } = engine().gradients(() => f(...inputs), inputs, dy);
    return [value, ...grads].map((result) => result.dataSync<'float32'>());
  });
}
