// DeiT: a plain vision transformer as an image classifier, with the position embedding joined as the papers have it.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021; Touvron et al., "Training data-efficient image
// transformers", 2021 (sizes, distillation token); LaPE, equations 5-7; MPVG, equations 8-11. Names as in timm and LaPE.

import { add, concat, fill, mul, slice, squeeze } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { truncatedNormal } from '../nn/initialisers.ts';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import type { Parameter } from '../nn/parameter.ts';
import { PatchEmbed } from '../nn/patchEmbed.ts';
import { meanTokens } from '../ops/meanTokens.ts';
import { AbsolutePosition } from './position/absolute.ts';
import { checkJoin, layerHasPosition, type PositionJoin } from './position/join.ts';
import { layerPositions } from './position/layerPositions.ts';
import { TransformerLayer } from './transformerLayer.ts';

/** What is embedded: absolute positions, learnt or sinusoidal, or the offset between two tokens. */
type PositionKind = 'learnable' | 'sine1d' | 'sine2d' | 'relative1d' | 'relative2d';

export interface DeiTDimensions {
  readonly channels: number;
  readonly depth: number;
  readonly heads: number;
  /** Hidden width of the MLP over `channels`. */
  readonly mlpRatio: number;
}

export interface DeiTOptions extends DeiTDimensions {
  /** Side of the square images. */
  readonly imagePx: number;
  readonly patchPx: number;
  readonly classes: number;
  readonly join: PositionJoin;
  /** Default 'learnable'. The relative kinds join in the attention: 'layers' of the join says whether through a norm. */
  readonly position?: PositionKind;
  /** A distillation token and a head for it. Default false. */
  readonly distilled?: boolean;
  /** Rate of the last layer; the first has 0, those between lie on a line. Default 0. */
  readonly dropPath?: number;
  /** Default true. */
  readonly qkvBias?: boolean;
  /** Of every layer norm. Default 1e-6. */
  readonly eps?: number;
}

export interface ForwardOptions {
  /** Whether dropPath acts. Default false. */
  readonly training?: boolean;
  /**
   * Is shown each stage by name: `block0` … [B, N, C], `pe0` … what a layer added [1, N, C], `tokens` after the last norm
   * [B, N, C].
   */
  readonly tap?: (stage: string, value: Tensor) => void;
}

/** What the class token's head and the distillation token's head say, each [B, classes]. */
export interface DistilledLogits {
  readonly logits: Tensor;
  readonly distillation: Tensor;
}

/** The published sizes. */
export const deitSizes = {
  tiny: { channels: 192, depth: 12, heads: 3, mlpRatio: 4 },
  small: { channels: 384, depth: 12, heads: 6, mlpRatio: 4 },
  base: { channels: 768, depth: 12, heads: 12, mlpRatio: 4 },
} as const satisfies Record<string, DeiTDimensions>;

export class DeiT extends Module {
  readonly imagePx: number;
  readonly classes: number;
  readonly position: AbsolutePosition | undefined;
  readonly classToken: Parameter | undefined;
  readonly distillationToken: Parameter | undefined;
  readonly patchEmbed;
  readonly blocks: readonly TransformerLayer[];
  readonly norm;
  /** LN' of the last norm. */
  readonly peNorm: LayerNorm | undefined;
  readonly head;
  readonly distillationHead: Linear | undefined;
  readonly #join: PositionJoin;
  readonly #patches: number;
  readonly #extraTokens: number;

  constructor(options: DeiTOptions) {
    super();
    checkOptions(options);
    const { channels, depth, heads, mlpRatio, imagePx, patchPx, classes, join } = options;
    const { position = 'learnable', distilled = false, dropPath = 0, qkvBias = true, eps = 1e-6 } = options;
    const side = imagePx / patchPx;
    const extraTokens = (join.pool === 'cls' ? 1 : 0) + (distilled ? 1 : 0);
    const axes: 1 | 2 | undefined = position === 'relative1d' ? 1 : position === 'relative2d' ? 2 : undefined;
    const relative = axes === undefined ? undefined : { axes, side, extraTokens, norm: join.layers !== 'none' };
    const token = { shape: [1, 1, channels], initialiser: truncatedNormal(0.02), embedding: true };

    this.imagePx = imagePx;
    this.classes = classes;
    this.#join = join;
    this.#patches = side ** 2;
    this.#extraTokens = extraTokens;
    this.classToken = join.pool === 'cls' ? this.parameter('cls_token', token) : undefined;
    this.distillationToken = distilled ? this.parameter('dist_token', token) : undefined;
    if (position !== 'relative1d' && position !== 'relative2d') {
      const perLayer = join.stream === 'ownEveryLayer' ? depth : 'shared';
      this.position = this.child('', new AbsolutePosition({ kind: position, side, extraTokens, channels, perLayer }));
    }
    this.patchEmbed = this.child('patch_embed', new PatchEmbed({ patchPx, channels }));
    this.blocks = Array.from({ length: depth }, (_, layer) => this.child(`blocks.${layer}`, new TransformerLayer({
      channels,
      heads,
      mlpRatio,
      qkvBias,
      eps,
      dropPath: depth === 1 ? 0 : (dropPath * layer) / (depth - 1),
      positionNorm: relative === undefined && layerHasPosition(join, layer),
      relative,
    })));
    this.norm = this.child('norm', new LayerNorm({ channels, eps }));
    this.peNorm = join.lastNorm === 'none' ? undefined : this.child('pe_norm', new LayerNorm({ channels, eps }));
    this.head = this.child('head', new Linear({ inputs: channels, outputs: classes }));
    this.distillationHead = distilled ? this.child('head_dist', new Linear({ inputs: channels, outputs: classes })) : undefined;
  }

  /**
   * Classifies images. A distilled model answers with the mean of its two heads.
   *
   * @param images [B, imagePx, imagePx, 3], float32, normalised
   * @returns logits [B, classes]
   */
  forward(images: Tensor, options: ForwardOptions = {}): Tensor {
    if (this.distillationHead !== undefined) return meanOfHeads(this.forwardHeads(images, options));
    const tokens = this.tokens(images, options); // [B, N, C]
    return this.head.forward(this.#join.pool === 'gap' ? meanTokens(tokens) : tokenAt(tokens, 0));
  }

  /**
   * What the two heads of a distilled model say: the class token's is trained on labels, the other on a teacher.
   * @throws ConfigError when the model has no distillation token
   */
  forwardHeads(images: Tensor, options: ForwardOptions = {}): DistilledLogits {
    if (this.distillationHead === undefined) throw new ConfigError('DeiT.forwardHeads: expected a distilled model, got distilled false');
    const tokens = this.tokens(images, options); // [B, N, C]
    return {
      logits: this.head.forward(tokenAt(tokens, 0)),
      distillation: this.distillationHead.forward(tokenAt(tokens, 1)),
    };
  }

  /**
   * The tokens after the last norm.
   *
   * @param images [B, imagePx, imagePx, 3], float32, normalised
   * @returns [B, N, C], the class token (and the distillation token) first
   */
  tokens(images: Tensor, { training = false, tap }: ForwardOptions = {}): Tensor {
    const { stream, lastNorm } = this.#join;
    let x = this.#prependTokens(this.patchEmbed.forward(images)); // [B, N, C]

    const embedding = this.position?.value();
    const positions = embedding && layerPositions(this.#join, embedding, this.blocks.map((block) => block.peNorm));
    if (stream === 'once' && embedding !== undefined) x = add(x, embedding);
    for (const [layer, block] of this.blocks.entries()) {
      if (stream === 'everyLayer' || stream === 'ownEveryLayer') {
        x = add(x, this.position!.value(stream === 'everyLayer' ? 0 : layer));
      }
      const position = positions?.[layer]; // [1, N, C]
      if (position !== undefined) tap?.(`pe${layer}`, position);
      x = block.forward(x, position, training);
      tap?.(`block${layer}`, x);
    }
    const last = lastNorm === 'none' ? undefined : lastNorm.from === 0 ? embedding : positions?.[lastNorm.from];
    const tokens = this.norm.forward(x, last && this.peNorm?.forward(last));
    tap?.('tokens', tokens);
    return tokens;
  }

  /** Multiply-adds for one image by module; the norms, activations and additions are not counted, as the papers do. */
  macs(): Map<string, number> {
    const tokens = this.#extraTokens + this.#patches;
    const macs = new Map([['patch_embed', this.patchEmbed.macs(this.#patches)]]);
    for (const [layer, block] of this.blocks.entries()) {
      const { attn, mlp } = block.macs(tokens);
      macs.set(`blocks.${layer}.attn`, attn).set(`blocks.${layer}.mlp`, mlp);
    }
    macs.set('head', this.head.macs(1));
    if (this.distillationHead !== undefined) macs.set('head_dist', this.distillationHead.macs(1));
    return macs;
  }

  #prependTokens(patches: Tensor): Tensor {
    const tokens = [this.classToken, this.distillationToken].flatMap((token) => (token === undefined ? [] : [token.value]));
    if (tokens.length === 0) return patches;
    const [batch = 0, , channels = 0] = patches.shape;
    // Added to zeros, not tiled: the gradient of a tile is a sum of as many slices as there are samples.
    const spread = tokens.map((token) => add(fill([batch, 1, channels], 0), token));
    return concat([...spread, patches], 1); // [B, extra + N, C]
  }
}

/** A distilled model's answer, [B, classes]. */
export function meanOfHeads({ logits, distillation }: DistilledLogits): Tensor {
  return mul(add(logits, distillation), 0.5);
}

/** One token of each sample, [B, C]. */
function tokenAt(tokens: Tensor, index: number): Tensor {
  return squeeze(slice(tokens, [0, index, 0], [-1, 1, -1]), [1]);
}

function checkOptions({ imagePx, patchPx, channels, depth, heads, join, position = 'learnable', distilled = false }: DeiTOptions): void {
  const fail = (expected: string, parameter: string, got: string | number): never => {
    throw new ConfigError(`DeiT: expected ${expected} for ${parameter}, got ${got}`);
  };
  checkJoin(join, depth);
  if (imagePx % patchPx !== 0) fail(`a divisor of imagePx ${imagePx}`, 'patchPx', patchPx);
  if (channels % heads !== 0) fail(`a divisor of channels ${channels}`, 'heads', heads);
  if (distilled && join.pool !== 'cls') fail("a join with pool 'cls' (a distilled model)", 'join', JSON.stringify(join));
  if (position !== 'learnable' && join.stream === 'ownEveryLayer') fail("'learnable' with stream 'ownEveryLayer'", 'position', position);
  if (position === 'sine2d' && channels % 4 !== 0) fail('a multiple of 4 for position sine2d', 'channels', channels);
  if (position === 'relative1d' || position === 'relative2d') {
    const joinsInAttention = join.lastNorm === 'none' && (join.stream === 'once' || join.stream === 'never') &&
      (join.layers === 'none' || join.layers === 'all');
    if (!joinsInAttention) fail(`the join default or lape with position ${position}, which has no vector per token,`, 'join', JSON.stringify(join));
  }
}
