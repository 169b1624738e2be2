// The spatial prior module: a small convolutional network beside the vision transformer, for what patches of 16 pixels lose.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, section 3.3 and figure 4(c); names as in
// its repository, where `stem.0` is a convolution and `stem.1` its norm.

import type { Tensor } from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { kaimingNormalFanOut } from '../nn/initialisers.ts';
import { Module } from '../nn/module.ts';
import { maxPool2d } from '../ops/maxPool2d.ts';
import { flattenTokens } from './tokenPyramid.ts';

/** The size of the convolutional branch. */
export interface SpatialPriorOptions {
  /** Of the first stage; the next have two, four and four times as many. */
  readonly width: number;
  /** Of the vision transformer. */
  readonly channels: number;
}

/** What the module sees at each stride. */
export interface SpatialPriorFeatures {
  /** [B, H / 4, W / 4, C] */
  readonly quarter: Tensor;
  /** [B, N, C] each, at strides 8, 16 and 32. */
  readonly tokens: readonly [Tensor, Tensor, Tensor];
}

/** The convolutional branch: feature maps at strides 4 to 32. */
export class SpatialPrior extends Module {
  readonly #stem: readonly ConvolutionNormRelu[];
  readonly #stages: readonly ConvolutionNormRelu[];
  readonly #projections: readonly Conv2d[];

  constructor({ width, channels }: SpatialPriorOptions) {
    super();
    const stage = (name: string, first: number, inputs: number, outputs: number, stride: number) =>
      this.child(name, new ConvolutionNormRelu({ first, inputs, outputs, stride }));
    this.#stem = [stage('stem', 0, 3, width, 2), stage('stem', 3, width, width, 1), stage('stem', 6, width, width, 1)];
    this.#stages = [
      stage('conv2', 0, width, 2 * width, 2),
      stage('conv3', 0, 2 * width, 4 * width, 2),
      stage('conv4', 0, 4 * width, 4 * width, 2),
    ];
    this.#projections = [1, 2, 4, 4].map((factor, i) =>
      this.child(`fc${i + 1}`, new Conv2d({ inputs: factor * width, outputs: channels, kernel: 1, initialiser: kaimingNormalFanOut() })));
  }

  /**
   * The features of a batch.
   * @param images [B, H, W, 3], float32, normalised
   */
  forward(images: Tensor, training: boolean): SpatialPriorFeatures {
    let x = images;
    for (const stage of this.#stem) x = stage.forward(x, training); // [B, H / 2, W / 2, width]
    x = maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }); // [B, H / 4, W / 4, width]
    const maps = [x];
    for (const stage of this.#stages) {
      x = stage.forward(x, training);
      maps.push(x);
    }
    const [quarter, ...deeper] = this.#projections.map((projection, i) => projection.forward(maps[i]!));
    return { quarter: quarter!, tokens: deeper.map(flattenTokens) as [Tensor, Tensor, Tensor] };
  }

  /** Multiply-adds for one image of so many pixels. */
  macs(pixels: number): number {
    const stem = this.#stem.reduce((sum, stage) => sum + stage.macs(pixels / 4), 0);
    const stages = this.#stages.reduce((sum, stage, i) => sum + stage.macs(pixels / 64 / 4 ** i), 0);
    return stem + stages + this.#projections.reduce((sum, projection, i) => sum + projection.macs(pixels / 16 / 4 ** i), 0);
  }
}

interface ConvolutionNormReluOptions {
  /** Position of the convolution in the original's sequence; the norm follows. */
  readonly first: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

/** A 3 x 3 convolution without bias, its norm, and a ReLU. */
class ConvolutionNormRelu extends Module {
  readonly #convolution;
  readonly #norm;

  constructor({ first, inputs, outputs, stride }: ConvolutionNormReluOptions) {
    super();
    this.#convolution = this.child(`${first}`, new Conv2d({
      inputs, outputs, kernel: 3, stride, padding: 1, bias: false, reducible: true, initialiser: kaimingNormalFanOut(),
    }));
    this.#norm = this.child(`${first + 1}`, new BatchNorm2d({ channels: outputs, relu: true }));
  }

  forward(x: Tensor, training: boolean): Tensor {
    return this.#norm.forward(this.#convolution.forward(x), training);
  }

  macs(outputPixels: number): number {
    return this.#convolution.macs(outputPixels);
  }
}
