// The auxiliary head: some convolutions over one map, and the classifier. It is there for its gradient, in training.
// Source: Zhao et al., "Pyramid Scene Parsing Network", 2017, section 3.3; mmsegmentation's FCNHead without its concatenation.

import type { Tensor } from '@tensorflow/tfjs-core';
import { Module } from '../../nn/module.ts';
import { ConvModule } from './convModule.ts';
import { PixelClassifier } from './pixelClassifier.ts';

/** The size of an FCN head. */
export interface FcnHeadOptions {
  /** Channels of the map. */
  readonly inputs: number;
  /** Of the head's convolutions. */
  readonly channels: number;
  /** How many there are. */
  readonly classes: number;
  /** 3 x 3 convolutions before the classifier, at least 1. */
  readonly convolutions: number;
  /** Share of the channels left out before the classifier in training, in [0, 1). */
  readonly dropout: number;
}

/** A head of 3 x 3 convolutions on one map: UperNet's auxiliary one. */
export class FcnHead extends Module {
  /** From the last convolution to logits. */
  readonly classifier;
  /** The convolutions, in their order. */
  readonly layers: readonly ConvModule[];

  constructor({ inputs, channels, classes, convolutions, dropout }: FcnHeadOptions) {
    super();
    this.classifier = this.child('', new PixelClassifier({ inputs: channels, classes, dropout }));
    this.layers = Array.from({ length: convolutions }, (_, i) =>
      this.child(`convs.${i}`, new ConvModule({ inputs: i === 0 ? inputs : channels, outputs: channels, kernel: 3 })));
  }

  /** [B, H, W, inputs] to logits [B, H, W, classes]. */
  forward(x: Tensor, training: boolean): Tensor {
    const features = this.layers.reduce((map, layer) => layer.forward(map, training), x);
    return this.classifier.forward(features, training);
  }

  /** Multiply-adds for one sample by module; `pixels` of the map. */
  macs(pixels: number): Map<string, number> {
    return new Map([
      ['conv_seg', this.classifier.convSeg.macs(pixels)],
      ['convs', this.layers.reduce((sum, layer) => sum + layer.macs(pixels), 0)],
    ]);
  }
}
