// The feed-forward branch of a transformer layer.

import type { Tensor } from '@tensorflow/tfjs-core';
import { normMlpAdd } from '../ops/normMlpAdd.ts';
import type { LayerNorm } from './layerNorm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

export interface MlpOptions {
  readonly channels: number;
  /** Width between the two layers. */
  readonly hidden: number;
}

export class Mlp extends Module {
  readonly fc1;
  readonly fc2;

  constructor({ channels, hidden }: MlpOptions) {
    super();
    this.fc1 = this.child('fc1', new Linear({ inputs: channels, outputs: hidden }));
    this.fc2 = this.child('fc2', new Linear({ inputs: hidden, outputs: channels }));
  }

  /**
   * x + scale[b] · fc2(gelu(fc1(norm(x)))).
   *
   * @param x [B, N, C], the residual stream
   * @param norm of this branch
   * @param scale stochastic depth's, [B]; absent: 1
   * @returns [B, N, C]
   */
  forward(x: Tensor, norm: LayerNorm, scale?: Tensor): Tensor {
    const { fc1, fc2 } = this;
    return normMlpAdd(x, norm.tensors, fc1.tensors, fc2.tensors, scale);
  }

  /** Multiply-adds for one sample of `tokens` tokens. */
  macs(tokens: number): number {
    return this.fc1.macs(tokens) + this.fc2.macs(tokens);
  }
}
