// The tensors of a layer's parameters, as the operations that fuse several layers take them, and their check.

import type { Tensor } from '@tensorflow/tfjs-core';
import { checkShape } from './checkShape.ts';

/** A layer norm over C channels. */
export interface NormTensors {
  /** [C], float32 */
  readonly weight: Tensor;
  /** [C], float32 */
  readonly bias: Tensor;
  /** Added to the variance. */
  readonly eps: number;
}

/** A fully connected layer. */
export interface LinearTensors {
  /** [out, in], float32 */
  readonly weight: Tensor;
  /** [out], float32 */
  readonly bias?: Tensor | undefined;
}

/** @throws ShapeError unless the norm is over `channels` */
export function checkNorm(where: string, name: string, { weight, bias }: NormTensors, channels: number): void {
  checkShape(where, `${name}.weight`, weight, [channels]);
  checkShape(where, `${name}.bias`, bias, [channels]);
}

/**
 * @returns the number of outputs
 * @throws ShapeError unless the layer takes `inputs`
 */
export function checkLinear(where: string, name: string, { weight, bias }: LinearTensors, inputs: number): number {
  checkShape(where, `${name}.weight`, weight, ['out', inputs]);
  const outputs = weight.shape[0];
  if (bias !== undefined) checkShape(where, `${name}.bias`, bias, [outputs]);
  return outputs;
}
