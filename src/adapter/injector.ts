// The injector: the transformer's tokens look up the spatial prior's three grids.
//   x' = x + γ ∘ DeformableAttention(LN(x), LN(c)), with γ zero at first, so that a pretrained transformer starts undisturbed.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, equation 4.

import type { Tensor } from '@tensorflow/tfjs-core';
import { zeros } from '../nn/initialisers.ts';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Module } from '../nn/module.ts';
import { MsDeformAttn } from '../nn/msDeformAttn.ts';
import type { DeformableOptions } from './extractor.ts';
import { tokenCount, type TokenPyramid } from './tokenPyramid.ts';

export class Injector extends Module {
  readonly gamma;
  readonly queryNorm;
  readonly featNorm;
  readonly attn;

  constructor({ channels, heads, points, ratio }: DeformableOptions) {
    super();
    this.gamma = this.parameter('gamma', { shape: [channels], initialiser: zeros });
    this.queryNorm = this.child('query_norm', new LayerNorm({ channels }));
    this.featNorm = this.child('feat_norm', new LayerNorm({ channels }));
    this.attn = this.child('attn', new MsDeformAttn({ channels, heads, points, ratio, levels: 3 }));
  }

  /**
   * @param x the transformer's tokens, [B, N, C]
   * @param c the pyramid's tokens, [B, M, C]
   * @param centres of the transformer's tokens, [1, N, 1, 2]
   * @returns [B, N, C]
   */
  forward(x: Tensor, c: Tensor, pyramid: TokenPyramid, centres: Tensor): Tensor {
    const values = this.featNorm.forward(c);
    return this.attn.forward(this.queryNorm.forward(x), centres, values, pyramid, { residual: x, layerScale: this.gamma.value });
  }

  /** Multiply-adds for one sample. */
  macs(pyramid: TokenPyramid): number {
    return this.attn.macs(tokenCount(pyramid[1]), pyramid.reduce((sum, grid) => sum + tokenCount(grid), 0));
  }
}
