// Layer normalisation with its parameters, alone or with a position added.

import type { Tensor } from '@tensorflow/tfjs-core';
import { layerNorm } from '../ops/layerNorm.ts';
import { layerNormAdd } from '../ops/layerNormAdd.ts';
import type { NormTensors } from '../ops/parameterTensors.ts';
import { ones, zeros } from './initialisers.ts';
import { Module } from './module.ts';

/** The size of a layer norm. */
export interface LayerNormOptions {
  /** Of the last axis. */
  readonly channels: number;
  /** Default 1e-6. */
  readonly eps?: number;
}

/** Layer normalisation over the last axis. */
export class LayerNorm extends Module {
  /** Factors, [C]. */
  readonly weight;
  /** Offsets, [C]. */
  readonly bias;
  readonly #eps: number;

  constructor({ channels, eps = 1e-6 }: LayerNormOptions) {
    super();
    this.weight = this.parameter('weight', { shape: [channels], initialiser: ones });
    this.bias = this.parameter('bias', { shape: [channels], initialiser: zeros });
    this.#eps = eps;
  }

  /** For the operations that do more than this norm. */
  get tensors(): NormTensors {
    return { weight: this.weight.value, bias: this.bias.value, eps: this.#eps };
  }

  /**
   * @param x [..., C]
   * @param addend added to the result: [B, N, C] or [1, N, C], then x is [B, N, C]
   * @returns the shape of x
   */
  forward(x: Tensor, addend?: Tensor): Tensor {
    const { weight, bias } = this;
    return addend === undefined ?
      layerNorm(x, weight.value, bias.value, this.#eps) :
      layerNormAdd(x, weight.value, bias.value, addend, this.#eps);
  }
}
