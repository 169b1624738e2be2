// A convolution with its parameters.

import type { Tensor } from '@tensorflow/tfjs-core';
import { conv2d, type Conv2dOptions as Geometry } from '../ops/conv2d.ts';
import { kaimingUniform, zeros, type Initialiser } from './initialisers.ts';
import { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The size of a convolution. */
export interface Conv2dOptions extends Geometry {
  /** Channels that it takes. */
  readonly inputs: number;
  /** Channels that it gives. */
  readonly outputs: number;
  /** Side of the kernel. */
  readonly kernel: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight; default torch's, uniform within ±1/√fan-in. The bias starts at zero. */
  readonly initialiser?: Initialiser;
}

/** A convolution of [B, H, W, C], with weights in torch's layout. */
export class Conv2d extends Module {
  /** [outputs, inputs / groups, kernel, kernel] */
  readonly weight: Parameter;
  /** [outputs]; undefined without one. */
  readonly bias: Parameter | undefined;
  readonly #geometry: Geometry;

  constructor({ inputs, outputs, kernel, bias = true, initialiser = kaimingUniform(Math.sqrt(5)), ...geometry }: Conv2dOptions) {
    super();
    const { groups = 1 } = geometry;
    this.weight = this.parameter('weight', { shape: [outputs, inputs / groups, kernel, kernel], initialiser });
    this.bias = bias ? this.parameter('bias', { shape: [outputs], initialiser: zeros }) : undefined;
    this.#geometry = geometry;
  }

  /** [B, H, W, inputs] to [B, H', W', outputs]. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight.value, this.bias?.value, this.#geometry);
  }

  /** Multiply-adds for one sample of so many pixels of the result. */
  macs(outputPixels: number): number {
    return outputPixels * this.weight.size;
  }
}
