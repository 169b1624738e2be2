// The feed-forward part of a transformer layer with its parameters.

import type { Tensor } from '@tensorflow/tfjs-core';
import { mlp } from '../ops/mlp.ts';
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

  /** [B, N, C] to [B, N, C]. */
  forward(x: Tensor): Tensor {
    const { fc1, fc2 } = this;
    return mlp(x, fc1.weight.value, fc1.bias!.value, fc2.weight.value, fc2.bias!.value);
  }

  /** Multiply-adds for one sample of `tokens` tokens. */
  macs(tokens: number): number {
    return this.fc1.macs(tokens) + this.fc2.macs(tokens);
  }
}
