// DeiT: a plain vision transformer as an image classifier, with the position embedding joined as the papers have it.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021; Touvron et al., "Training data-efficient image
// transformers", 2021 (sizes, distillation token); LaPE, equations 5-7; MPVG, equations 8-11. Names as in timm and LaPE.

import { add, concat, fill, slice, squeeze } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { truncatedNormal } from '../nn/initialisers.ts';
import { Linear } from '../nn/linear.ts';
import { Module } from '../nn/module.ts';
import type { Parameter } from '../nn/parameter.ts';
import { meanTokens } from '../ops/meanTokens.ts';
import { meanOfHeads, type DistilledClassifier, type DistilledLogits, type ForwardOptions } from './classifier.ts';
import { PlainVit, type PlainVitDimensions, type PositionKind } from './plainVit.ts';
import type { PositionJoin } from './position/join.ts';

/** Channels, depth, heads and the MLP's width. */
export type DeiTDimensions = PlainVitDimensions;

/** A DeiT's size, images, classes and positions. */
export interface DeiTOptions extends DeiTDimensions {
  /** Side of the square images. */
  readonly imagePx: number;
  /** Side of a patch, a divisor of `imagePx`. */
  readonly patchPx: number;
  /** How many there are. */
  readonly classes: number;
  /** Where positions enter; its `pool` says whether there is a class token. */
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

/** The published sizes. */
export const deitSizes = {
  tiny: { channels: 192, depth: 12, heads: 3, mlpRatio: 4 },
  small: { channels: 384, depth: 12, heads: 6, mlpRatio: 4 },
  base: { channels: 768, depth: 12, heads: 12, mlpRatio: 4 },
} as const satisfies Record<string, DeiTDimensions>;

/**
 * An image classifier: a plain vision transformer, a pool and a linear head. It has no values yet: call `initialise` or
 * `loadState`.
 */
export class DeiT extends Module implements DistilledClassifier {
  /** Side of the square images. */
  readonly imagePx: number;
  /** How many there are. */
  readonly classes: number;
  /** [1, 1, C]; undefined where the join averages the tokens. */
  readonly classToken: Parameter | undefined;
  /** [1, 1, C]; undefined unless distilled. */
  readonly distillationToken: Parameter | undefined;
  /** The layers. */
  readonly vit;
  /** From the pooled token to logits. */
  readonly head;
  /** Of the distillation token; undefined unless distilled. */
  readonly distillationHead: Linear | undefined;
  readonly #join: PositionJoin;
  readonly #patches: number;
  readonly #extraTokens: number;

  constructor(options: DeiTOptions) {
    super();
    const { channels, imagePx, patchPx, classes, join, distilled = false } = options;
    if (distilled && join.pool !== 'cls') {
      throw new ConfigError(`DeiT: expected a join with pool 'cls' (a distilled model) for join, got ${JSON.stringify(join)}`);
    }
    const extraTokens = (join.pool === 'cls' ? 1 : 0) + (distilled ? 1 : 0);
    const token = { shape: [1, 1, channels], initialiser: truncatedNormal(0.02), embedding: true };

    this.imagePx = imagePx;
    this.classes = classes;
    this.#join = join;
    this.#patches = (imagePx / patchPx) ** 2;
    this.#extraTokens = extraTokens;
    this.classToken = join.pool === 'cls' ? this.parameter('cls_token', token) : undefined;
    this.distillationToken = distilled ? this.parameter('dist_token', token) : undefined;
    this.vit = this.child('', new PlainVit({ ...options, extraTokens }));
    this.head = this.child('head', new Linear({ inputs: channels, outputs: classes }));
    this.distillationHead = distilled ? this.child('head_dist', new Linear({ inputs: channels, outputs: classes })) : undefined;
  }

  /** This model if it has a distillation head. */
  get distilled(): DistilledClassifier | undefined {
    return this.distillationHead && this;
  }

  /**
   * Classifies images. A distilled model answers with the mean of its two heads.
   *
   * @param images [B, imagePx, imagePx, 3], float32, normalised
   * @param options the stages are those of `tokens`
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
   * @param options the stages are `block0` … [B, N, C], `pe0` … what a layer added [1, N, C], `tokens` after the last norm
   *   [B, N, C]
   * @returns [B, N, C], the class token (and the distillation token) first
   */
  tokens(images: Tensor, { training = false, tap }: ForwardOptions = {}): Tensor {
    const { vit } = this;
    let x = this.#prependTokens(vit.patchEmbed.forward(images)); // [B, N, C]

    const { stream, layers, last } = vit.positions();
    for (const [layer, block] of vit.blocks.entries()) {
      const added = stream[layer]; // [1, N, C]
      if (added !== undefined) x = add(x, added);
      const position = layers[layer]; // [1, N, C]
      if (position !== undefined) tap?.(`pe${layer}`, position);
      x = block.forward(x, { position, training });
      tap?.(`block${layer}`, x);
    }
    const tokens = vit.lastNorm(x, last);
    tap?.('tokens', tokens);
    return tokens;
  }

  /** Multiply-adds for one image by module; the norms, activations and additions are not counted, as the papers do. */
  macs(): Map<string, number> {
    const tokens = this.#extraTokens + this.#patches;
    const macs = new Map([['patch_embed', this.vit.patchEmbed.macs(this.#patches)]]);
    for (const [layer, block] of this.vit.blocks.entries()) {
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

/** One token of each sample, [B, C]. */
function tokenAt(tokens: Tensor, index: number): Tensor {
  return squeeze(slice(tokens, [0, index, 0], [-1, 1, -1]), [1]);
}
