// ViT-Adapter: a plain vision transformer, unchanged, with a convolutional branch beside it that exchanges features with it, as
// a backbone with four feature maps at strides 4, 8, 16 and 32. One implementation of the repository's two: they differ in
// which of the transformer's tokens are added to the maps, and by their configurations in windows.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, figure 4; names and initial values as in
// its repository. Positions join the transformer as in LaPE and MPVG: a position for the residual stream enters before the
// injector of its layer; MPVG's last norm, if the join has one, closes the transformer before the last extractors.

import { add, concat, slice } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ForwardOptions } from '../backbones/classifier.ts';
import { PlainVit, type PlainVitDimensions } from '../backbones/plainVit.ts';
import type { PositionJoin } from '../backbones/position/join.ts';
import type { PyramidBackbone } from '../backbones/pyramid.ts';
import { ConfigError } from '../errors.ts';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import { ConvTranspose2d } from '../nn/convTranspose2d.ts';
import { kaimingNormalFanOut, normal } from '../nn/initialisers.ts';
import { Module } from '../nn/module.ts';
import { resizeBilinear } from '../ops/resize.ts';
import { Interaction } from './interaction.ts';
import { SpatialPrior } from './spatialPrior.ts';
import { cellCentres, splitTokens, tokenPyramid } from './tokenPyramid.ts';

/** Patches are of 16 pixels: the pyramid's strides are made for them. */
const patchPx = 16;

/** A ViT-Adapter's size, the transformer in it and how the two exchange features. */
export interface ViTAdapterOptions extends PlainVitDimensions {
  /** Side of the images that the transformer was pretrained on, a multiple of 16: its positions are resized from there. */
  readonly pretrainPx: number;
  /** Where positions enter the transformer. */
  readonly join: PositionJoin;
  /** Default 'learnable'. */
  readonly position?: 'learnable' | 'sine1d' | 'sine2d';
  /** Default true. */
  readonly qkvBias?: boolean;
  /** Rate of the last layer and of every extractor; the first layer has 0, those between lie on a line. Default 0. */
  readonly dropPath?: number;
  /**
   * Which tokens are added to the maps: 'segmentation' adds those after each interaction to one map, so there are four
   * interactions; 'detection' adds the last ones to all four.
   */
  readonly variant: 'detection' | 'segmentation';
  /** First and last layer of each interaction. */
  readonly interactions: readonly (readonly [first: number, last: number])[];
  /** Side of each layer's attention windows, in tokens. Default 'global' in every layer. */
  readonly windows?: readonly (number | 'global')[];
  /** Channels of the spatial prior's first stage. */
  readonly priorWidth: number;
  /** Heads of deformable attention. */
  readonly deformHeads: number;
  /** Its samples per head and level. */
  readonly deformPoints: number;
  /** Width of its values over `channels`. */
  readonly deformRatio: number;
  /** Hidden width of the extractors' feed-forward networks over `channels`. */
  readonly ffnRatio: number;
  /** Extractors after the last interaction's own. Default 2. */
  readonly extraExtractors?: number;
  /** A learnt factor per channel for both branches of each layer, initially 1. Default true. */
  readonly layerScale?: boolean;
  /** Keep only the inputs of layers, injectors and extractors for the backward pass and run them again there. Default false. */
  readonly recompute?: boolean;
}

/**
 * The backbone: a vision transformer with the convolutional branch beside it. It has no values yet: call `initialise` or
 * `loadState`.
 */
export class ViTAdapter extends Module implements PyramidBackbone {
  /** Of the four maps, all the same. */
  readonly channels: readonly number[];
  /** Of the four maps: 4, 8, 16 and 32. */
  readonly strides: readonly number[] = [4, 8, 16, 32];
  /** The transformer. */
  readonly vit;
  /** Added to the tokens of the prior's three coarser maps, [3, C]. */
  readonly levelEmbed;
  /** The convolutional branch. */
  readonly spm;
  /**
   * In the order of the layers that they enclose.
   * @internal
   */
  readonly interactions: readonly Interaction[];
  /** From stride 8 to stride 4. */
  readonly up;
  /** Of the four maps. */
  readonly norms: readonly BatchNorm2d[];
  readonly #options: ViTAdapterOptions;

  constructor(options: ViTAdapterOptions) {
    super();
    checkOptions(options);
    const { channels, join, pretrainPx, interactions, priorWidth, deformHeads, deformPoints, deformRatio, ffnRatio } = options;
    const { dropPath = 0, extraExtractors = 2, layerScale = true, recompute = false } = options;
    this.channels = this.strides.map(() => channels);
    this.#options = options;
    this.vit = this.child('', new PlainVit({
      ...options,
      imagePx: pretrainPx,
      patchPx,
      // The class token is not part of the adapter; its position stays in the checkpoint and is not used.
      extraTokens: join.pool === 'cls' ? 1 : 0,
      layerScale,
      lastNorm: join.lastNorm !== 'none',
    }));
    this.levelEmbed = this.parameter('level_embed', { shape: [3, channels], initialiser: normal(1) });
    this.spm = this.child('spm', new SpatialPrior({ width: priorWidth, channels }));
    this.interactions = interactions.map((_, i) => this.child(`interactions.${i}`, new Interaction({
      channels,
      heads: deformHeads,
      points: deformPoints,
      ratio: deformRatio,
      ffnRatio,
      extraExtractors: i === interactions.length - 1 ? extraExtractors : 0,
      dropPath,
      recompute,
    })));
    this.up = this.child('up', new ConvTranspose2d({
      inputs: channels, outputs: channels, kernel: 2, stride: 2, initialiser: kaimingNormalFanOut(),
    }));
    this.norms = [1, 2, 3, 4].map((i) => this.child(`norm${i}`, new BatchNorm2d({ channels })));
  }

  /**
   * Extracts features.
   *
   * @param images [B, H, W, 3], float32, normalised; H and W multiples of 32
   * @param options the stages are `spm_c1` [B, H / 4, W / 4, C], `spm_c2` … `spm_c4` [B, N, C], `injector0` … the transformer's
   *   tokens after each injector, `interaction0_x`, `interaction0_c` … both sequences after each interaction
   * @returns maps [B, H / stride, W / stride, C]
   * @throws ShapeError
   */
  forward(images: Tensor, { training = false, tap }: ForwardOptions = {}): readonly [Tensor, Tensor, Tensor, Tensor] {
    const [, heightPx = 0, widthPx = 0] = images.shape;
    const pyramid = tokenPyramid(heightPx, widthPx);
    const grid = pyramid[1];
    const grids = { pyramid, tokenCentres: cellCentres([grid]), pyramidCentres: cellCentres(pyramid) };

    const { quarter, tokens } = this.spm.forward(images, training);
    for (const [i, value] of [quarter, ...tokens].entries()) tap?.(`spm_c${i + 1}`, value);
    let c = concat(tokens.map((level, i) => add(level, slice(this.levelEmbed.value, [i, 0], [1, -1]))), 1); // [B, M, C]

    let x = this.vit.patchEmbed.forward(images); // [B, N, C]
    const { stream, layers, last } = this.vit.positions(grid);
    const seen: Tensor[] = [];
    for (const [i, interaction] of this.interactions.entries()) {
      const [first, final] = this.#options.interactions[i]!;
      for (let layer = first; layer <= final; layer++) {
        const added = stream[layer]; // [1, N, C]
        if (added !== undefined) x = add(x, added);
        if (layer === first) {
          x = interaction.inject(x, c, grids, training);
          tap?.(`injector${i}`, x);
        }
        x = this.vit.blocks[layer]!.forward(x, { position: layers[layer], training, grid });
      }
      if (i === this.interactions.length - 1) x = this.vit.lastNorm(x, last);
      c = interaction.extract(x, c, grids, training);
      tap?.(`interaction${i}_x`, x);
      tap?.(`interaction${i}_c`, c);
      seen.push(x);
    }

    const [eighth, sixteenth, thirtySecond] = splitTokens(c, pyramid) as [Tensor, Tensor, Tensor];
    const maps = [add(this.up.forward(eighth), quarter), eighth, sixteenth, thirtySecond];
    return maps.map((map, i) => {
      const [tokens] = splitTokens(this.#options.variant === 'detection' ? seen.at(-1)! : seen[i]!, [grid]); // [B, h, w, C]
      const [, height = 0, width = 0] = map.shape;
      const resized = i === 2 ? tokens! : resizeBilinear(tokens!, [height, width]);
      return this.norms[i]!.forward(add(map, resized), training);
    }) as [Tensor, Tensor, Tensor, Tensor];
  }

  /** How many the transformer has. */
  get layers(): number {
    return this.vit.layers;
  }

  /** See PlainVit: what is not the transformer's comes after all of its layers. */
  layerOf(name: string): number {
    return this.vit.layerOf(name);
  }

  /** Multiply-adds for one image by module; the norms, activations, additions and resizing are not counted. */
  macs(heightPx: number, widthPx: number): Map<string, number> {
    const pyramid = tokenPyramid(heightPx, widthPx);
    const grid = pyramid[1];
    const patches = grid.height * grid.width;
    const macs = new Map([['patch_embed', this.vit.patchEmbed.macs(patches)]]);
    for (const [layer, block] of this.vit.blocks.entries()) {
      const { attn, mlp } = block.macs(patches, grid);
      macs.set(`blocks.${layer}.attn`, attn).set(`blocks.${layer}.mlp`, mlp);
    }
    macs.set('spm', this.spm.macs(heightPx * widthPx));
    for (const [i, { injector, extractors }] of this.interactions.entries()) {
      macs.set(`interactions.${i}.injector`, injector.macs(pyramid));
      for (const [j, extractor] of extractors.entries()) {
        macs.set(`interactions.${i}.${j === 0 ? 'extractor' : `extra_extractors.${j - 1}`}`, extractor.macs(pyramid));
      }
    }
    return macs.set('up', this.up.macs(pyramid[0].height * pyramid[0].width));
  }
}

function checkOptions(options: ViTAdapterOptions): void {
  const { pretrainPx, depth, channels, interactions, variant, deformHeads, deformRatio, position } = options;
  const fail = (expected: string, parameter: string, got: string | number): never => {
    throw new ConfigError(`ViTAdapter: expected ${expected} for ${parameter}, got ${got}`);
  };
  if (pretrainPx % patchPx !== 0) fail(`a multiple of ${patchPx}`, 'pretrainPx', pretrainPx);
  const layersOf = ([first, last]: readonly [number, number]) =>
    Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const covered = interactions.flatMap(layersOf);
  if (covered.length !== depth || covered.some((layer, i) => layer !== i)) {
    fail(`ranges that cover the layers 0 … ${depth - 1} in order`, 'interactions', JSON.stringify(interactions));
  }
  if (interactions.some(([first, last]) => last < first)) fail('at least one layer each', 'interactions', JSON.stringify(interactions));
  if (variant === 'segmentation' && interactions.length !== 4) fail("4 ranges for variant 'segmentation'", 'interactions', interactions.length);
  const width = Math.floor(channels * deformRatio);
  if (channels % deformHeads !== 0 || width % deformHeads !== 0) fail(`a divisor of ${channels} and ${width}`, 'deformHeads', deformHeads);
  if (!['learnable', 'sine1d', 'sine2d'].includes(position ?? 'learnable')) {
    fail('learnable, sine1d or sine2d (a relative bias is for one size of image)', 'position', position!);
  }
}
