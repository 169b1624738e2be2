// One pre-norm transformer layer, given a position or not:
//   x' = x + γ1 ∘ MSA(LN(x) + pos);   y = x' + γ2 ∘ MLP(LN''(x')),   with γ, layer scale, 1 unless it is asked for.
// Source: Dosovitskiy et al., 2021, equations 2 and 3; LaPE, equation 6; MPVG, equations 8 and 9; windows, layer scale and their
// names as in the ViT-Adapter repository.

import type { Tensor } from '@tensorflow/tfjs-core';
import { Attention } from '../nn/attention.ts';
import { ones } from '../nn/initialisers.ts';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Mlp } from '../nn/mlp.ts';
import { Module } from '../nn/module.ts';
import type { Parameter } from '../nn/parameter.ts';
import { dropPathScale } from '../ops/dropPath.ts';
import { recompute } from '../ops/recompute.ts';
import type { Grid } from '../ops/windowAttention.ts';
import { RelativePosition, type RelativePositionOptions } from './position/relative.ts';

/** One layer of a vision transformer. */
export interface TransformerLayerOptions {
  /** Of a token. */
  readonly channels: number;
  /** Of the attention; a divisor of `channels`. */
  readonly heads: number;
  /** Hidden width of the MLP over `channels`. */
  readonly mlpRatio: number;
  /** Whether the projection to queries, keys and values has a bias. */
  readonly qkvBias: boolean;
  /** Of every layer norm. */
  readonly eps: number;
  /** Probability that a sample skips a branch, in training. */
  readonly dropPath: number;
  /** Whether the layer has a norm LN' for the position (`pe_norm`). */
  readonly positionNorm: boolean;
  /** A relative position embedding, in the attention. */
  readonly relative: Omit<RelativePositionOptions, 'heads'> | undefined;
  /** Side of the attention's windows, in tokens. Default 'global'. */
  readonly window?: number | 'global';
  /** Whether each branch has a learnt factor per channel (`gamma1`, `gamma2`), initially 1. Default false. */
  readonly layerScale?: boolean;
  /** Keep only the layer's input for the backward pass and run the layer again there. Default false. */
  readonly recompute?: boolean;
}

/** What a layer takes besides the tokens. */
export interface LayerInputs {
  /** What this layer's attention sees besides, [1, N, C]: LN'(pos), already normalised. */
  readonly position?: Tensor | undefined;
  /** Whether dropPath acts. */
  readonly training: boolean;
  /** How the tokens lie; needed with windows. */
  readonly grid?: Grid | undefined;
}

/** Stochastic depth's factors of the two branches, [B]. */
interface BranchScales {
  readonly attention: Tensor | undefined;
  readonly mlp: Tensor | undefined;
}

/** Attention and an MLP, each behind a norm and added to the residual stream. */
export class TransformerLayer extends Module {
  /** Before the attention. */
  readonly norm1;
  /** LN', which makes this layer's position from the previous one. */
  readonly peNorm: LayerNorm | undefined;
  /** Multi-head self-attention. */
  readonly attn;
  /** The relative embedding; undefined without one. */
  readonly relative: RelativePosition | undefined;
  /** Before the MLP. */
  readonly norm2;
  /** The feed-forward branch. */
  readonly mlp;
  /** Layer scale of the attention, [C]; undefined without it. */
  readonly gamma1: Parameter | undefined;
  /** Layer scale of the MLP, [C]; undefined without it. */
  readonly gamma2: Parameter | undefined;
  readonly #dropPath: number;
  readonly #recompute: boolean;

  constructor(options: TransformerLayerOptions) {
    super();
    const { channels, heads, mlpRatio, qkvBias, eps, dropPath, positionNorm, relative } = options;
    const { window = 'global', layerScale = false, recompute = false } = options;
    this.norm1 = this.child('norm1', new LayerNorm({ channels, eps }));
    this.peNorm = positionNorm ? this.child('pe_norm', new LayerNorm({ channels, eps })) : undefined;
    this.attn = this.child('attn', new Attention({ channels, heads, qkvBias, window }));
    this.relative = relative && this.child('attn', new RelativePosition({ ...relative, heads }));
    this.norm2 = this.child('norm2', new LayerNorm({ channels, eps }));
    this.mlp = this.child('mlp', new Mlp({ channels, hidden: Math.floor(channels * mlpRatio) }));
    this.gamma1 = layerScale ? this.parameter('gamma1', { shape: [channels], initialiser: ones }) : undefined;
    this.gamma2 = layerScale ? this.parameter('gamma2', { shape: [channels], initialiser: ones }) : undefined;
    this.#dropPath = dropPath;
    this.#recompute = recompute;
  }

  /**
   * @param x [B, N, C]
   * @returns [B, N, C]
   */
  forward(x: Tensor, { position, training, grid }: LayerInputs): Tensor {
    const draw = () => dropPathScale(x.shape[0], this.#dropPath, training);
    const scales = { attention: draw(), mlp: draw() };
    if (!this.#recompute || !training) return this.#run(x, position, scales, grid);
    return recompute(
      {
        inputs: [x, ...present(position)],
        constants: [...present(scales.attention), ...present(scales.mlp)],
        parameters: [...this.namedParameters().values()].map(({ value }) => value),
      },
      ([x, position], [attention, mlp]) => this.#run(x!, position, { attention, mlp }, grid),
    );
  }

  /** Multiply-adds of each part for one sample of `tokens` tokens; `grid` is needed with windows. */
  macs(tokens: number, grid?: Grid): { attn: number; mlp: number } {
    return { attn: this.attn.macs(tokens, grid), mlp: this.mlp.macs(tokens) };
  }

  #run(x: Tensor, position: Tensor | undefined, scales: BranchScales, grid: Grid | undefined): Tensor {
    const y = this.attn.forward(x, this.norm1, {
      position, bias: this.relative?.bias(), scale: scales.attention, layerScale: this.gamma1?.value, grid,
    });
    return this.mlp.forward(y, this.norm2, { scale: scales.mlp, layerScale: this.gamma2?.value });
  }
}

function present(tensor: Tensor | undefined): Tensor[] {
  return tensor === undefined ? [] : [tensor];
}
