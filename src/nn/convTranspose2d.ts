// A transposed convolution with its parameters. The weight is [inputs, outputs, kernel, kernel], as in torch.

import type { Tensor } from '@tensorflow/tfjs-core';
import { convTranspose2d, type ConvTranspose2dOptions as Geometry } from '../ops/convTranspose2d.ts';
import { kaimingUniform, zeros, type Initialiser } from './initialisers.ts';
import { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The size of a transposed convolution. */
export interface ConvTranspose2dOptions extends Geometry {
  /** Channels that it takes. */
  readonly inputs: number;
  /** Channels that it gives. */
  readonly outputs: number;
  /** Side of the kernel. */
  readonly kernel: number;
  /** Default true. */
  readonly bias?: boolean;
  /**
   * Of the weight, seen as [outputs, inputs, kernel, kernel]; default uniform within ±1/√fan-in. The bias starts at zero.
   */
  readonly initialiser?: Initialiser;
}

/** A transposed convolution of [B, H, W, C], with weights in torch's layout. */
export class ConvTranspose2d extends Module {
  /** [inputs, outputs, kernel, kernel] */
  readonly weight: Parameter;
  /** [outputs]; undefined without one. */
  readonly bias: Parameter | undefined;
  readonly #geometry: Geometry;

  constructor({
    inputs, outputs, kernel, bias = true, initialiser = kaimingUniform(Math.sqrt(5)), ...geometry
  }: ConvTranspose2dOptions) {
    super();
    // Values are drawn independently of each other, so that their order does not matter; the shape only says the fans.
    const seen: Initialiser = ([, ...rest], rng) => initialiser([rest[0] ?? 1, inputs, ...rest.slice(1)], rng);
    this.weight = this.parameter('weight', { shape: [inputs, outputs, kernel, kernel], initialiser: seen });
    this.bias = bias ? this.parameter('bias', { shape: [outputs], initialiser: zeros }) : undefined;
    this.#geometry = geometry;
  }

  /** [B, H, W, inputs] to [B, H', W', outputs]. */
  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight.value, this.bias?.value, this.#geometry);
  }

  /** Multiply-adds for one sample of so many pixels of the input. */
  macs(inputPixels: number): number {
    return inputPixels * this.weight.size;
  }
}
