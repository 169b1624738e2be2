// What the operations of this folder share: whether the active backend has a fused kernel, how it is run, and how an
// operation gets a gradient of its own.

import { customGrad, engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { GradSaveFunc, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';

type Attributes = Record<string, number | boolean | readonly number[]>;

/** True when the active backend registers a kernel of this name. */
export function fusedKernel(name: string): boolean {
  // tfjs-core types the result as always defined.
  const kernel: unknown = getKernel(name, getBackend());
  return kernel !== undefined && kernel !== null;
}

/** Runs a kernel that returns one tensor. */
export function runFused(name: string, inputs: NamedTensorMap, attributes: Attributes = {}): Tensor {
  return engine().runKernel<Tensor>(name, inputs, { ...attributes });
}

/** Runs a kernel that returns several tensors. */
export function runFusedList(name: string, inputs: NamedTensorMap, attributes: Attributes = {}): Tensor[] {
  return engine().runKernel<Tensor[]>(name, inputs, { ...attributes });
}

/** Keeps tensors for the backward pass; does nothing when no gradient is being taken. */
type Save = (tensors: Tensor[]) => void;

/**
 * Runs `forward` as one operation of the tape.
 *
 * @param inputs the tensors that get a gradient
 * @param forward computes the result; what it makes besides is freed, unless it is saved
 * @param backward from the result's gradient and the saved tensors to one gradient per input, each a tensor of its own
 */
export function withGradient(
  inputs: Tensor[],
  forward: (save: Save) => Tensor,
  backward: (dy: Tensor, saved: Tensor[]) => Tensor | Tensor[],
): Tensor {
  const run = customGrad((...args) => {
    const save = args.at(-1) as GradSaveFunc;
    return { value: forward(save), gradFunc: backward };
  });
  return run(...inputs);
}
