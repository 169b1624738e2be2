// The attention branch of a transformer layer.

import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { attention } from '../ops/attention.ts';
import { linearAdd } from '../ops/linearAdd.ts';
import { normLinear } from '../ops/normLinear.ts';
import { scaleOutputs } from '../ops/scaleOutputs.ts';
import { windowAttention, type Grid } from '../ops/windowAttention.ts';
import type { LayerNorm } from './layerNorm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** The size of an attention. */
export interface AttentionOptions {
  /** Of a token. */
  readonly channels: number;
  /** A divisor of `channels`. */
  readonly heads: number;
  /** Whether the qkv projection has a bias. Default true. */
  readonly qkvBias?: boolean;
  /** Side of the windows, in tokens, or attention among all tokens. Default 'global'. */
  readonly window?: number | 'global';
}

/** What joins the attention besides the residual stream. */
export interface AttentionInputs {
  /** Added to the normalised tokens, [1, N, C]: already normalised itself. */
  readonly position?: Tensor | undefined;
  /** Added to the scores, [heads, N, N]. */
  readonly bias?: Tensor | undefined;
  /** Stochastic depth's, [B]; absent: 1. */
  readonly scale?: Tensor | undefined;
  /** Layer scale's, [C]; absent: 1. */
  readonly layerScale?: Tensor | undefined;
  /** How the tokens lie; needed with windows. */
  readonly grid?: Grid | undefined;
}

/** Multi-head self-attention, among all tokens or within windows. */
export class Attention extends Module {
  /** To queries, keys and values. */
  readonly qkv;
  /** From the heads' results to the residual stream. */
  readonly proj;
  readonly #channels: number;
  readonly #heads: number;
  readonly #window: number | 'global';

  constructor({ channels, heads, qkvBias = true, window = 'global' }: AttentionOptions) {
    super();
    this.qkv = this.child('qkv', new Linear({ inputs: channels, outputs: 3 * channels, bias: qkvBias }));
    this.proj = this.child('proj', new Linear({ inputs: channels, outputs: channels }));
    this.#channels = channels;
    this.#heads = heads;
    this.#window = window;
  }

  /**
   * x + scale[b] · layerScale ∘ MSA(norm(x) + position).
   *
   * @param x [B, N, C], the residual stream
   * @param norm of this branch
   * @returns [B, N, C]
   */
  forward(x: Tensor, norm: LayerNorm, { position, bias, scale, layerScale, grid }: AttentionInputs = {}): Tensor {
    const qkv = normLinear(x, norm.tensors, this.qkv.tensors, position); // [B, N, 3C]
    const mixed = this.#mix(qkv, bias, grid); // [B, N, C]
    const { tensors } = this.proj;
    return linearAdd(mixed, layerScale === undefined ? tensors : scaleOutputs(tensors, layerScale), x, scale);
  }

  /**
   * Multiply-adds for one sample: both projections, the scores, and the weighted sum.
   * @param grid how the tokens lie; needed with windows
   */
  macs(tokens: number, grid?: Grid): number {
    return this.qkv.macs(tokens) + this.proj.macs(tokens) + 2 * this.#pairs(tokens, grid) * this.#channels;
  }

  #mix(qkv: Tensor, bias: Tensor | undefined, grid: Grid | undefined): Tensor {
    if (this.#window === 'global') return attention(qkv, this.#heads, { bias });
    if (bias !== undefined) throw new ConfigError('Attention: expected no bias of the scores with windows, got one');
    return windowAttention(qkv, this.#heads, needed(grid), this.#window);
  }

  /** Pairs of query and key, those with padding included. */
  #pairs(tokens: number, grid: Grid | undefined): number {
    if (this.#window === 'global') return tokens ** 2;
    const { height, width } = needed(grid);
    return Math.ceil(height / this.#window) * Math.ceil(width / this.#window) * this.#window ** 4;
  }
}

function needed(grid: Grid | undefined): Grid {
  if (grid === undefined) throw new ConfigError('Attention: expected the grid of the tokens with windows, got none');
  return grid;
}
