// The body of a plain vision transformer: patches, layers, and the positions that join them. DeiT puts a head on it, the
// ViT-Adapter runs it stage by stage at any resolution.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021; LaPE, equations 5-7; MPVG, equations 8-11.

import { reshape, slice } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { LayerNorm } from '../nn/layerNorm.ts';
import { Module } from '../nn/module.ts';
import { PatchEmbed } from '../nn/patchEmbed.ts';
import { resizeBicubic } from '../ops/resize.ts';
import type { Grid } from '../ops/windowAttention.ts';
import { AbsolutePosition } from './position/absolute.ts';
import { checkJoin, layerHasPosition, type PositionJoin } from './position/join.ts';
import { layerPositions } from './position/layerPositions.ts';
import type { LayeredModule } from './pyramid.ts';
import { TransformerLayer } from './transformerLayer.ts';

/** What is embedded: absolute positions, learnt or sinusoidal, or the offset between two tokens. */
export type PositionKind = 'learnable' | 'sine1d' | 'sine2d' | 'relative1d' | 'relative2d';

/** The size of a vision transformer. */
export interface PlainVitDimensions {
  /** Of a token. */
  readonly channels: number;
  /** Layers. */
  readonly depth: number;
  /** Of the attention; a divisor of `channels`. */
  readonly heads: number;
  /** Hidden width of the MLP over `channels`. */
  readonly mlpRatio: number;
}

/** A vision transformer without pool and head. */
export interface PlainVitOptions extends PlainVitDimensions {
  /** Side of the square images that the positions are for. */
  readonly imagePx: number;
  /** Side of a patch, a divisor of `imagePx`. */
  readonly patchPx: number;
  /** Where positions enter. */
  readonly join: PositionJoin;
  /** Default 'learnable'. The relative kinds join in the attention: 'layers' of the join says whether through a norm. */
  readonly position?: PositionKind;
  /** Tokens before the patches that have a position too. */
  readonly extraTokens: number;
  /** Rate of the last layer; the first has 0, those between lie on a line. Default 0. */
  readonly dropPath?: number;
  /** Default true. */
  readonly qkvBias?: boolean;
  /** Of every layer norm. Default 1e-6. */
  readonly eps?: number;
  /** Side of each layer's attention windows, in tokens. Default 'global' in every layer. */
  readonly windows?: readonly (number | 'global')[];
  /** Default false. */
  readonly layerScale?: boolean;
  /** Keep only each layer's input for the backward pass. Default false. */
  readonly recompute?: boolean;
  /** Whether the last norm is there. Default true. */
  readonly lastNorm?: boolean;
}

/** What joins where, each [1, N, C]; undefined: nothing. */
export interface JoinedPositions {
  /** What is added to the residual stream at each layer's input. */
  readonly stream: readonly (Tensor | undefined)[];
  /** What each layer's attention sees besides. */
  readonly layers: readonly (Tensor | undefined)[];
  /** What goes through LN' into the last norm. */
  readonly last: Tensor | undefined;
}

/** Patches, positions and layers: what DeiT and ViT-Adapter have in common. */
export class PlainVit extends Module implements LayeredModule {
  /** The absolute embedding; undefined with a relative one, which the layers hold. */
  readonly position: AbsolutePosition | undefined;
  /** From pixels to tokens. */
  readonly patchEmbed;
  /** The layers, in their order. */
  readonly blocks: readonly TransformerLayer[];
  /** The last norm; undefined without one. */
  readonly norm: LayerNorm | undefined;
  /** LN' of the last norm. */
  readonly peNorm: LayerNorm | undefined;
  readonly #join: PositionJoin;
  readonly #side: number;
  readonly #extraTokens: number;

  constructor(options: PlainVitOptions) {
    super();
    checkOptions(options);
    const { channels, depth, heads, mlpRatio, imagePx, patchPx, join, extraTokens, windows = [], layerScale = false } = options;
    const { position = 'learnable', dropPath = 0, qkvBias = true, eps = 1e-6, recompute = false, lastNorm = true } = options;
    const side = imagePx / patchPx;
    const axes: 1 | 2 | undefined = position === 'relative1d' ? 1 : position === 'relative2d' ? 2 : undefined;
    const relative = axes === undefined ? undefined : { axes, side, extraTokens, norm: join.layers !== 'none' };

    this.#join = join;
    this.#side = side;
    this.#extraTokens = extraTokens;
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
      window: windows[layer] ?? 'global',
      layerScale,
      recompute,
    })));
    this.norm = lastNorm ? this.child('norm', new LayerNorm({ channels, eps })) : undefined;
    this.peNorm = lastNorm && join.lastNorm !== 'none' ? this.child('pe_norm', new LayerNorm({ channels, eps })) : undefined;
  }

  /** How many there are. */
  get layers(): number {
    return this.blocks.length;
  }

  /**
   * Which layer a parameter belongs to: 0 for the embeddings, i + 1 for block i (its own position embedding `pos_embed<i>`
   * included), `layers` + 1 for all else (last norm, adapter, heads). Source: the layer decay of the ViT-Adapter repository.
   */
  layerOf(name: string): number {
    if (/^(cls_token|dist_token|mask_token|pos_embed)$/.test(name) || name.startsWith('patch_embed.')) return 0;
    const block = /^(?:blocks\.(\d+)\.|pos_embed(\d+)$)/.exec(name);
    return block === null ? this.layers + 1 : Number(block[1] ?? block[2]) + 1;
  }

  /**
   * The positions for one pass through the layers.
   * @param grid the patches of the images, if they are not those of `imagePx`: then the extra tokens' positions are dropped and
   *   the rest is resized (bicubic, as torch with align_corners false)
   */
  positions(grid?: Grid): JoinedPositions {
    const { stream, lastNorm } = this.#join;
    const none = this.blocks.map(() => undefined);
    if (this.position === undefined) return { stream: none, layers: none, last: undefined };

    const embedding = this.#embedding(0, grid); // [1, N, C]
    const layers = layerPositions(this.#join, embedding, this.blocks.map((block) => block.peNorm));
    const last = lastNorm === 'none' ? undefined : lastNorm.from === 0 ? embedding : layers[lastNorm.from];
    const streamed = this.blocks.map((_, layer) => {
      if (stream === 'everyLayer' || (stream === 'once' && layer === 0)) return embedding;
      return stream === 'ownEveryLayer' ? this.#embedding(layer, grid) : undefined;
    });
    return { stream: streamed, layers, last };
  }

  /**
   * The tokens after the last norm, the position's share added; unchanged where this body has none.
   * @param position of `positions().last`, [1, N, C]
   * @returns [B, N, C]
   */
  lastNorm(x: Tensor, position: Tensor | undefined): Tensor {
    return this.norm?.forward(x, position && this.peNorm?.forward(position)) ?? x;
  }

  #embedding(layer: number, grid: Grid | undefined): Tensor {
    const value = this.position!.value(layer); // [1, extra + side², C]
    if (grid === undefined) return value;
    const side = this.#side;
    const channels = value.shape[2]!;
    const patches = this.#extraTokens === 0 ? value : slice(value, [0, this.#extraTokens, 0], [1, side ** 2, channels]);
    if (grid.height === side && grid.width === side) return patches;
    const resized = resizeBicubic(reshape(patches, [1, side, side, channels]), [grid.height, grid.width]); // [1, h, w, C]
    return reshape(resized, [1, grid.height * grid.width, channels]);
  }
}

function checkOptions({ imagePx, patchPx, channels, depth, heads, join, position = 'learnable', windows }: PlainVitOptions): void {
  const fail = (expected: string, parameter: string, got: string | number): never => {
    throw new ConfigError(`PlainVit: expected ${expected} for ${parameter}, got ${got}`);
  };
  checkJoin(join, depth);
  if (imagePx % patchPx !== 0) fail(`a divisor of imagePx ${imagePx}`, 'patchPx', patchPx);
  if (channels % heads !== 0) fail(`a divisor of channels ${channels}`, 'heads', heads);
  if (windows !== undefined && windows.length !== depth) fail(`${depth} entries, one for each layer,`, 'windows', windows.length);
  if (position !== 'learnable' && join.stream === 'ownEveryLayer') fail("'learnable' with stream 'ownEveryLayer'", 'position', position);
  if (position === 'sine2d' && channels % 4 !== 0) fail('a multiple of 4 for position sine2d', 'channels', channels);
  if (position === 'relative1d' || position === 'relative2d') {
    const joinsInAttention = join.lastNorm === 'none' && (join.stream === 'once' || join.stream === 'never') &&
      (join.layers === 'none' || join.layers === 'all');
    if (!joinsInAttention) fail(`the join default or lape with position ${position}, which has no vector per token,`, 'join', JSON.stringify(join));
  }
}
