// UperNet on a backbone with several maps; on a ViT-Adapter the segmentation model of the MPVG paper's table 4. Names as in
// mmsegmentation: `backbone`, `decode_head`, `auxiliary_head`.

import { add, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ForwardOptions } from '../../backbones/classifier.ts';
import type { FeaturePyramid, PyramidBackbone } from '../../backbones/pyramid.ts';
import { ConfigError } from '../../errors.ts';
import { Module } from '../../nn/module.ts';
import { resizeBilinear } from '../../ops/resize.ts';
import { segmentationCrossEntropy, type HardPixels } from '../../ops/segmentationCrossEntropy.ts';
import { FcnHead } from './fcnHead.ts';
import { UperHead } from './uperHead.ts';

/** A label that counts in no loss. */
export const ignoredLabel = 255;

/** A segmentation model: its backbone and its heads. */
export interface SegmentorOptions {
  /** How many there are. */
  readonly classes: number;
  /** The model's own from now on. */
  readonly backbone: PyramidBackbone;
  /** UperHead's options and the weight of its loss. */
  readonly head: {
    readonly channels: number;
    readonly poolScales: readonly number[];
    readonly dropout: number;
    readonly lossWeight: number;
  };
  /** FcnHead's options and the weight of its loss. */
  readonly auxiliary: 'none' | {
    /** Which of the backbone's maps, from 0. */
    readonly level: number;
    readonly channels: number;
    readonly convolutions: number;
    readonly dropout: number;
    readonly lossWeight: number;
  };
  /** Online hard example mining, for both heads. Default 'none'. */
  readonly hardPixels?: 'none' | HardPixels;
}

/** Logits of both heads, each of its map's size. */
export interface HeadLogits {
  /** [B, H / 4, W / 4, classes] */
  readonly decode: Tensor;
  /** [B, h, w, classes]; absent without an auxiliary head. */
  readonly auxiliary?: Tensor;
}

/** Scalars. */
export interface SegmentationLoss {
  /** What is minimised: the sum of the parts. */
  readonly total: Tensor;
  /** Of each head, its weight included. */
  readonly parts: { readonly decode: Tensor; readonly auxiliary?: Tensor };
}

/** A backbone, UperNet and, in training, an auxiliary FCN head. It has no values yet: call `initialise` or `loadState`. */
export class UpernetSegmentor extends Module {
  /** How many there are. */
  readonly classes: number;
  /** Gives the maps. */
  readonly backbone: PyramidBackbone;
  /** Takes all of them. */
  readonly decodeHead;
  /** Takes one of the maps; undefined without one. */
  readonly auxiliaryHead: FcnHead | undefined;
  readonly #options: SegmentorOptions;

  /** @throws ConfigError for an auxiliary head on a map that the backbone does not have */
  constructor(options: SegmentorOptions) {
    super();
    const { classes, backbone, head, auxiliary } = options;
    this.classes = classes;
    this.#options = options;
    this.backbone = this.child('backbone', backbone);
    this.decodeHead = this.child('decode_head', new UperHead({ ...head, inputs: backbone.channels, classes }));
    this.auxiliaryHead = auxiliary === 'none' ? undefined :
      this.child('auxiliary_head', new FcnHead({ ...auxiliary, inputs: channelsOf(backbone, auxiliary.level), classes }));
  }

  /**
   * Classifies each pixel, as in evaluation.
   *
   * @param images [B, H, W, 3], float32, normalised; H and W multiples of the backbone's last stride (32)
   * @returns logits [B, H, W, classes], resized from the first map's size, a quarter of that (bilinear)
   */
  forward(images: Tensor): Tensor {
    const [, height = 0, width = 0] = images.shape;
    return resizeBilinear(this.quarterLogits(images), [height, width]);
  }

  /** The same before it is resized: [B, H / 4, W / 4, classes]. */
  quarterLogits(images: Tensor): Tensor {
    return this.decodeHead.forward(this.backbone.forward(images), false);
  }

  /**
   * The loss of a batch, as in training: batch norms use its statistics and change the running ones.
   *
   * @param labels [B, H, W], int32, 0 … classes - 1 or 255 (ignored)
   */
  loss(images: Tensor, labels: Tensor, options: ForwardOptions = { training: true }): SegmentationLoss {
    const features = this.backbone.forward(images, options);
    return this.headsLoss(this.logits(features, options.training), labels);
  }

  /** What both heads say of the backbone's maps. */
  logits(features: FeaturePyramid, training = false): HeadLogits {
    const { auxiliary } = this.#options;
    const decode = this.decodeHead.forward(features, training);
    if (this.auxiliaryHead === undefined || auxiliary === 'none') return { decode };
    return { decode, auxiliary: this.auxiliaryHead.forward(features[auxiliary.level]!, training) };
  }

  /** The weighted sum of both heads' cross entropies; `labels` as of `loss`. */
  headsLoss({ decode, auxiliary }: HeadLogits, labels: Tensor): SegmentationLoss {
    const options = this.#options;
    const main = this.#crossEntropy(decode, labels, options.head.lossWeight);
    if (auxiliary === undefined || options.auxiliary === 'none') return { total: main, parts: { decode: main } };
    const second = this.#crossEntropy(auxiliary, labels, options.auxiliary.lossWeight);
    return { total: add(main, second), parts: { decode: main, auxiliary: second } };
  }

  /**
   * Multiply-adds for one image by module, the auxiliary head, which only training runs, included.
   */
  macs(heightPx: number, widthPx: number): Map<string, number> {
    const { auxiliary } = this.#options;
    const pixels = (level: number) => (heightPx * widthPx) / this.backbone.strides[level]! ** 2;
    const prefixed = (prefix: string, macs: ReadonlyMap<string, number>) =>
      [...macs].map(([name, value]): [string, number] => [`${prefix}.${name}`, value]);
    return new Map([
      ...prefixed('backbone', this.backbone.macs(heightPx, widthPx)),
      ...prefixed('decode_head', this.decodeHead.macs(pixels(0))),
      ...prefixed('auxiliary_head', auxiliary === 'none' ? new Map() : this.auxiliaryHead!.macs(pixels(auxiliary.level))),
    ]);
  }

  #crossEntropy(logits: Tensor, labels: Tensor, weight: number): Tensor {
    const { hardPixels = 'none' } = this.#options;
    const loss = segmentationCrossEntropy(logits, labels, {
      ignoreIndex: ignoredLabel, ...(hardPixels !== 'none' && { ohem: hardPixels }),
    });
    return weight === 1 ? loss : mul(loss, weight);
  }
}

/** @throws ConfigError */
function channelsOf({ channels }: PyramidBackbone, level: number): number {
  const found = channels[level];
  if (found !== undefined) return found;
  throw new ConfigError(`UpernetSegmentor: expected one of the backbone's maps, 0 to ${channels.length - 1}, for auxiliary.level, got ${level}`);
}
