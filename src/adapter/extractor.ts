// The extractor: the pyramid's tokens look up the transformer's, then pass a convolutional feed-forward network.
//   c' = c + DeformableAttention(LN(c), LN(x));   c'' = c' + FFN(LN(c')).
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, equations 5 and 6.

import type { Tensor } from '@tensorflow/tfjs-core';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Module } from '../nn/module.ts';
import { MsDeformAttn } from '../nn/msDeformAttn.ts';
import { ConvFfn } from './convFfn.ts';
import { tokenCount, type TokenPyramid } from './tokenPyramid.ts';

/** Of deformable attention. */
export interface DeformableOptions {
  readonly channels: number;
  readonly heads: number;
  /** Samples per head and level. */
  readonly points: number;
  /** Width of the values over `channels`. */
  readonly ratio: number;
}

export interface ExtractorOptions extends DeformableOptions {
  /** Hidden width of the feed-forward network over `channels`. */
  readonly ffnRatio: number;
}

export interface ExtractorInputs {
  /** The pyramid's tokens, [B, M, C]. */
  readonly c: Tensor;
  /** The transformer's tokens, [B, N, C]. */
  readonly x: Tensor;
  /** Stochastic depth's factors of the feed-forward network, [B]; absent: 1. */
  readonly scale?: Tensor | undefined;
}

export class Extractor extends Module {
  readonly queryNorm;
  readonly featNorm;
  readonly attn;
  readonly ffn;
  readonly ffnNorm;

  constructor({ channels, heads, points, ratio, ffnRatio }: ExtractorOptions) {
    super();
    this.queryNorm = this.child('query_norm', new LayerNorm({ channels }));
    this.featNorm = this.child('feat_norm', new LayerNorm({ channels }));
    this.attn = this.child('attn', new MsDeformAttn({ channels, heads, points, ratio, levels: 1 }));
    this.ffn = this.child('ffn', new ConvFfn({ channels, hidden: Math.floor(channels * ffnRatio) }));
    this.ffnNorm = this.child('ffn_norm', new LayerNorm({ channels }));
  }

  /**
   * @param centres of the pyramid's tokens, [1, M, 1, 2]
   * @returns [B, M, C]
   */
  forward({ c, x, scale }: ExtractorInputs, pyramid: TokenPyramid, centres: Tensor): Tensor {
    const values = this.featNorm.forward(x);
    const y = this.attn.forward(this.queryNorm.forward(c), centres, values, [pyramid[1]], { residual: c });
    return this.ffn.forward(this.ffnNorm.forward(y), pyramid, { residual: y, scale });
  }

  /** Multiply-adds for one sample. */
  macs(pyramid: TokenPyramid): number {
    const queries = pyramid.reduce((sum, grid) => sum + tokenCount(grid), 0);
    return this.attn.macs(queries, tokenCount(pyramid[1])) + this.ffn.macs(queries);
  }
}
