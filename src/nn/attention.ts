// Multi-head self-attention with its parameters.

import type { Tensor } from '@tensorflow/tfjs-core';
import { attention } from '../ops/attention.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

export interface AttentionOptions {
  readonly channels: number;
  /** A divisor of `channels`. */
  readonly heads: number;
  /** Whether the qkv projection has a bias. Default true. */
  readonly qkvBias?: boolean;
}

export class Attention extends Module {
  readonly qkv;
  readonly proj;
  readonly #channels: number;
  readonly #heads: number;

  constructor({ channels, heads, qkvBias = true }: AttentionOptions) {
    super();
    this.qkv = this.child('qkv', new Linear({ inputs: channels, outputs: 3 * channels, bias: qkvBias }));
    this.proj = this.child('proj', new Linear({ inputs: channels, outputs: channels }));
    this.#channels = channels;
    this.#heads = heads;
  }

  /**
   * @param x [B, N, C]
   * @param bias added to the scores, [heads, N, N]
   * @returns [B, N, C]
   */
  forward(x: Tensor, bias?: Tensor): Tensor {
    const qkv = this.qkv.forward(x); // [B, N, 3C]
    return this.proj.forward(attention(qkv, this.#heads, bias === undefined ? {} : { bias }));
  }

  /** Multiply-adds for one sample of `tokens` tokens: both projections, the scores, and the weighted sum. */
  macs(tokens: number): number {
    return this.qkv.macs(tokens) + this.proj.macs(tokens) + 2 * tokens ** 2 * this.#channels;
  }
}
