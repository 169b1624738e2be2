// One pre-norm transformer layer, given a position or not:
//   x' = x + MSA(LN(x) + pos);   y = x' + MLP(LN''(x')).
// Source: Dosovitskiy et al., 2021, equations 2 and 3; LaPE, equation 6; MPVG, equations 8 and 9.

import type { Tensor } from '@tensorflow/tfjs-core';
import { Attention } from '../nn/attention.ts';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Mlp } from '../nn/mlp.ts';
import { Module } from '../nn/module.ts';
import { dropPathScale } from '../ops/dropPath.ts';
import { RelativePosition, type RelativePositionOptions } from './position/relative.ts';

export interface TransformerLayerOptions {
  readonly channels: number;
  readonly heads: number;
  /** Hidden width of the MLP over `channels`. */
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly eps: number;
  /** Probability that a sample skips a branch, in training. */
  readonly dropPath: number;
  /** Whether the layer has a norm LN' for the position (`pe_norm`). */
  readonly positionNorm: boolean;
  /** A relative position embedding, in the attention. */
  readonly relative: Omit<RelativePositionOptions, 'heads'> | undefined;
}

export class TransformerLayer extends Module {
  readonly norm1;
  /** LN', which makes this layer's position from the previous one. */
  readonly peNorm: LayerNorm | undefined;
  readonly attn;
  readonly relative: RelativePosition | undefined;
  readonly norm2;
  readonly mlp;
  readonly #dropPath: number;

  constructor({ channels, heads, mlpRatio, qkvBias, eps, dropPath, positionNorm, relative }: TransformerLayerOptions) {
    super();
    this.norm1 = this.child('norm1', new LayerNorm({ channels, eps }));
    this.peNorm = positionNorm ? this.child('pe_norm', new LayerNorm({ channels, eps })) : undefined;
    this.attn = this.child('attn', new Attention({ channels, heads, qkvBias }));
    this.relative = relative && this.child('attn', new RelativePosition({ ...relative, heads }));
    this.norm2 = this.child('norm2', new LayerNorm({ channels, eps }));
    this.mlp = this.child('mlp', new Mlp({ channels, hidden: Math.floor(channels * mlpRatio) }));
    this.#dropPath = dropPath;
  }

  /**
   * @param x [B, N, C]
   * @param position what this layer's attention sees besides, [1, N, C]: LN'(pos), already normalised
   * @returns [B, N, C]
   */
  forward(x: Tensor, position: Tensor | undefined, training: boolean): Tensor {
    const scale = () => dropPathScale(x.shape[0], this.#dropPath, training);
    const y = this.attn.forward(x, this.norm1, { position, bias: this.relative?.bias(), scale: scale() });
    return this.mlp.forward(y, this.norm2, scale());
  }

  /** Multiply-adds of each part for one sample of `tokens` tokens. */
  macs(tokens: number): { attn: number; mlp: number } {
    return { attn: this.attn.macs(tokens), mlp: this.mlp.macs(tokens) };
  }
}
