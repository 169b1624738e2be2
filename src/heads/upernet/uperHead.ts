// UperNet's head: a pyramid of pooled regions over the deepest map, a top-down path over all of them, and their fusion.
// Source: Xiao et al., "Unified Perceptual Parsing for Scene Understanding", ECCV 2018, section 3.1 and figure 4; Zhao et al.,
// "Pyramid Scene Parsing Network", 2017 (the pooling); layers, names and initial values as mmsegmentation's UPerHead.

import { add, concat } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { Module } from '../../nn/module.ts';
import { adaptiveAvgPool2d } from '../../ops/adaptiveAvgPool2d.ts';
import { resizeBilinear } from '../../ops/resize.ts';
import { ConvModule } from './convModule.ts';
import { PixelClassifier } from './pixelClassifier.ts';

/** The size of UperNet's head. */
export interface UperHeadOptions {
  /** Channels of each map, finest first; at least one. */
  readonly inputs: readonly number[];
  /** Of every layer of the head. */
  readonly channels: number;
  /** How many there are. */
  readonly classes: number;
  /** Regions per side of each pooling. */
  readonly poolScales: readonly number[];
  /** Share of the channels left out before the classifier in training, in [0, 1). */
  readonly dropout: number;
}

/** Pooled regions of the deepest map, a top-down path over all, and their fusion. */
export class UperHead extends Module {
  /** From the fused map to logits. */
  readonly classifier;
  /** One per pool scale. */
  readonly pooled: readonly ConvModule[];
  /** Of the deepest map and its pooled regions. */
  readonly bottleneck;
  /** From each finer map to the head's channels. */
  readonly laterals: readonly ConvModule[];
  /** After the top-down path, of each finer map. */
  readonly smoothers: readonly ConvModule[];
  /** Of all maps at the size of the first. */
  readonly fusion;
  readonly #poolScales: readonly number[];

  constructor({ inputs, channels, classes, poolScales, dropout }: UperHeadOptions) {
    super();
    const finer = inputs.slice(0, -1);
    const deepest = inputs.at(-1)!;
    this.#poolScales = poolScales;
    this.classifier = this.child('', new PixelClassifier({ inputs: channels, classes, dropout }));
    this.pooled = poolScales.map((_, i) =>
      this.child(`psp_modules.${i}.1`, new ConvModule({ inputs: deepest, outputs: channels, kernel: 1 })));
    this.bottleneck = this.child('bottleneck', new ConvModule({
      inputs: deepest + poolScales.length * channels, outputs: channels, kernel: 3,
    }));
    this.laterals = finer.map((width, i) =>
      this.child(`lateral_convs.${i}`, new ConvModule({ inputs: width, outputs: channels, kernel: 1 })));
    this.smoothers = finer.map((_, i) =>
      this.child(`fpn_convs.${i}`, new ConvModule({ inputs: channels, outputs: channels, kernel: 3 })));
    this.fusion = this.child('fpn_bottleneck', new ConvModule({ inputs: inputs.length * channels, outputs: channels, kernel: 3 }));
  }

  /**
   * Classifies the pixels of the first map.
   *
   * @param features maps [B, H, W, inputs], each half as high and wide as the one before
   * @returns logits, [B, H, W, classes] of the first map's size
   */
  forward(features: readonly Tensor[], training: boolean): Tensor {
    const top = this.#poolPyramid(features.at(-1)!, training); // of four maps [B, H / 8, W / 8, channels]
    const laterals = this.laterals.map((layer, i) => layer.forward(features[i]!, training));
    const paths = [top];
    for (const lateral of laterals.reverse()) paths.unshift(add(lateral, resizeLike(paths[0]!, lateral)));

    const maps = [...this.smoothers.map((layer, i) => layer.forward(paths[i]!, training)), top];
    const sameSize = maps.map((map) => resizeLike(map, maps[0]!)) as Tensor4D[];
    const fused = this.fusion.forward(concat(sameSize, 3), training); // [B, H, W, channels]
    return this.classifier.forward(fused, training);
  }

  /**
   * Multiply-adds for one sample by module.
   * @param pixels of the first map
   */
  macs(pixels: number): Map<string, number> {
    const sum = (modules: readonly ConvModule[], pixelsOf: (i: number) => number) =>
      modules.reduce((total, module, i) => total + module.macs(pixelsOf(i)), 0);
    return new Map([
      ['conv_seg', this.classifier.convSeg.macs(pixels)],
      ['psp_modules', sum(this.pooled, (i) => this.#poolScales[i]! ** 2)],
      ['bottleneck', this.bottleneck.macs(pixels / 4 ** this.laterals.length)],
      ['lateral_convs', sum(this.laterals, (i) => pixels / 4 ** i)],
      ['fpn_convs', sum(this.smoothers, (i) => pixels / 4 ** i)],
      ['fpn_bottleneck', this.fusion.macs(pixels)],
    ]);
  }

  #poolPyramid(deepest: Tensor, training: boolean): Tensor {
    const regions = this.pooled.map((layer, i) => {
      const scale = this.#poolScales[i]!;
      return resizeLike(layer.forward(adaptiveAvgPool2d(deepest, [scale, scale]), training), deepest);
    });
    return this.bottleneck.forward(concat([deepest, ...regions] as Tensor4D[], 3), training);
  }
}

/** Bilinear, to the other's height and width. */
function resizeLike(x: Tensor, other: Tensor): Tensor {
  const [, height = 0, width = 0] = other.shape;
  return x.shape[1] === height && x.shape[2] === width ? x : resizeBilinear(x, [height, width]);
}
