// The feed-forward branch of a transformer layer.

import type { Tensor } from '@tensorflow/tfjs-core';
import { normMlpAdd } from '../ops/normMlpAdd.ts';
import { scaleOutputs } from '../ops/scaleOutputs.ts';
import type { LayerNorm } from './layerNorm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** The size of an MLP. */
export interface MlpOptions {
  /** Of a token. */
  readonly channels: number;
  /** Width between the two layers. */
  readonly hidden: number;
}

/** Factors on the branch. */
export interface MlpInputs {
  /** Stochastic depth's, [B]; absent: 1. */
  readonly scale?: Tensor | undefined;
  /** Layer scale's, [C]; absent: 1. */
  readonly layerScale?: Tensor | undefined;
}

/** Two linear layers with GELU between them. */
export class Mlp extends Module {
  /** From the residual stream to `hidden`. */
  readonly fc1;
  /** Back to the residual stream. */
  readonly fc2;

  constructor({ channels, hidden }: MlpOptions) {
    super();
    this.fc1 = this.child('fc1', new Linear({ inputs: channels, outputs: hidden }));
    this.fc2 = this.child('fc2', new Linear({ inputs: hidden, outputs: channels }));
  }

  /**
   * x + scale[b] · layerScale ∘ fc2(gelu(fc1(norm(x)))).
   *
   * @param x [B, N, C], the residual stream
   * @param norm of this branch
   * @returns [B, N, C]
   */
  forward(x: Tensor, norm: LayerNorm, { scale, layerScale }: MlpInputs = {}): Tensor {
    const { tensors } = this.fc2;
    const last = layerScale === undefined ? tensors : scaleOutputs(tensors, layerScale);
    return normMlpAdd(x, norm.tensors, this.fc1.tensors, last, scale);
  }

  /** Multiply-adds for one sample of `tokens` tokens. */
  macs(tokens: number): number {
    return this.fc1.macs(tokens) + this.fc2.macs(tokens);
  }
}
