// The convolutional feed-forward network of an extractor: two linear layers with a depthwise 3 x 3 convolution between them,
// which runs over each of the three grids of tokens with the same weights.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, equation 5; its repository for the order
// convolution, GELU.

import { concat } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Conv2d } from '../nn/conv2d.ts';
import { kaimingNormalFanOut } from '../nn/initialisers.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import { gelu } from '../ops/gelu.ts';
import { linearAdd } from '../ops/linearAdd.ts';
import type { Grid } from '../ops/windowAttention.ts';
import { flattenTokens, splitTokens } from './tokenPyramid.ts';

export interface ConvFfnOptions {
  readonly channels: number;
  readonly hidden: number;
}

export interface ConvFfnInputs {
  /** What the result is added to, [B, N, C]. */
  readonly residual: Tensor;
  /** Stochastic depth's, [B]; absent: 1. */
  readonly scale?: Tensor | undefined;
}

export class ConvFfn extends Module {
  readonly fc1;
  readonly dwconv;
  readonly fc2;

  constructor({ channels, hidden }: ConvFfnOptions) {
    super();
    this.fc1 = this.child('fc1', new Linear({ inputs: channels, outputs: hidden }));
    this.dwconv = this.child('dwconv.dwconv', new Conv2d({
      inputs: hidden, outputs: hidden, kernel: 3, padding: 1, groups: hidden, initialiser: kaimingNormalFanOut(hidden),
    }));
    this.fc2 = this.child('fc2', new Linear({ inputs: hidden, outputs: channels }));
  }

  /**
   * residual + scale[b] · fc2(gelu(dwconv(fc1(x)))).
   *
   * @param x [B, N, C], the grids one after the other
   */
  forward(x: Tensor, grids: readonly Grid[], { residual, scale }: ConvFfnInputs): Tensor {
    const planes = splitTokens(this.fc1.forward(x), grids); // [B, h, w, hidden] each
    const mixed = concat(planes.map((plane) => flattenTokens(this.dwconv.forward(plane))), 1); // [B, N, hidden]
    return linearAdd(gelu(mixed), this.fc2.tensors, residual, scale);
  }

  /** Multiply-adds for one sample of `tokens` tokens. */
  macs(tokens: number): number {
    return this.fc1.macs(tokens) + this.dwconv.macs(tokens) + this.fc2.macs(tokens);
  }
}
