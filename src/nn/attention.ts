// The attention branch of a transformer layer.

import type { Tensor } from '@tensorflow/tfjs-core';
import { attention } from '../ops/attention.ts';
import { linearAdd } from '../ops/linearAdd.ts';
import { normLinear } from '../ops/normLinear.ts';
import type { LayerNorm } from './layerNorm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

export interface AttentionOptions {
  readonly channels: number;
  /** A divisor of `channels`. */
  readonly heads: number;
  /** Whether the qkv projection has a bias. Default true. */
  readonly qkvBias?: boolean;
}

/** What joins the attention besides the residual stream. */
export interface AttentionInputs {
  /** Added to the normalised tokens, [1, N, C]: already normalised itself. */
  readonly position?: Tensor | undefined;
  /** Added to the scores, [heads, N, N]. */
  readonly bias?: Tensor | undefined;
  /** Stochastic depth's, [B]; absent: 1. */
  readonly scale?: Tensor | undefined;
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
   * x + scale[b] · MSA(norm(x) + position).
   *
   * @param x [B, N, C], the residual stream
   * @param norm of this branch
   * @returns [B, N, C]
   */
  forward(x: Tensor, norm: LayerNorm, { position, bias, scale }: AttentionInputs = {}): Tensor {
    const qkv = normLinear(x, norm.tensors, this.qkv.tensors, position); // [B, N, 3C]
    const mixed = attention(qkv, this.#heads, { bias }); // [B, N, C]
    return linearAdd(mixed, this.proj.tensors, x, scale);
  }

  /** Multiply-adds for one sample of `tokens` tokens: both projections, the scores, and the weighted sum. */
  macs(tokens: number): number {
    return this.qkv.macs(tokens) + this.proj.macs(tokens) + 2 * tokens ** 2 * this.#channels;
  }
}
