// A fully connected layer with its parameters.

import type { Tensor } from '@tensorflow/tfjs-core';
import { linear } from '../ops/linear.ts';
import type { LinearTensors } from '../ops/parameterTensors.ts';
import { truncatedNormal, zeros, type Initialiser } from './initialisers.ts';
import { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The size of a linear layer. */
export interface LinearOptions {
  /** Channels that it takes. */
  readonly inputs: number;
  /** Channels that it gives. */
  readonly outputs: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight; default a normal of deviation 0.02, as in ViT and DeiT. */
  readonly initialiser?: Initialiser;
  /** Default zeros. */
  readonly biasInitialiser?: Initialiser;
}

/** A fully connected layer over the last axis. */
export class Linear extends Module {
  /** [outputs, inputs] */
  readonly weight: Parameter;
  /** [outputs]; undefined without one. */
  readonly bias: Parameter | undefined;

  constructor({ inputs, outputs, bias = true, initialiser = truncatedNormal(0.02), biasInitialiser = zeros }: LinearOptions) {
    super();
    this.weight = this.parameter('weight', { shape: [outputs, inputs], initialiser });
    this.bias = bias ? this.parameter('bias', { shape: [outputs], initialiser: biasInitialiser }) : undefined;
  }

  /** For the operations that do more than this layer. */
  get tensors(): LinearTensors {
    return { weight: this.weight.value, bias: this.bias?.value };
  }

  /** [..., inputs] to [..., outputs]. */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight.value, this.bias?.value);
  }

  /** Multiply-adds for one sample of `rows` rows. */
  macs(rows: number): number {
    return rows * this.weight.size;
  }
}
