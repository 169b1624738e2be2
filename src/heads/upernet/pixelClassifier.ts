// The last layer of mmseg's heads: dropout of whole channels, then a 1 x 1 convolution to the classes.

import type { Tensor } from '@tensorflow/tfjs-core';
import { Conv2d } from '../../nn/conv2d.ts';
import { normal } from '../../nn/initialisers.ts';
import { Module } from '../../nn/module.ts';
import { dropout2d } from '../../ops/dropout2d.ts';

/** The size of the last layer. */
export interface PixelClassifierOptions {
  /** Channels of the map. */
  readonly inputs: number;
  /** How many there are. */
  readonly classes: number;
  /** Share of the channels that are left out in training, in [0, 1). */
  readonly dropout: number;
}

/** Dropout of whole channels and a 1 x 1 convolution to the classes. */
export class PixelClassifier extends Module {
  /** The convolution. */
  readonly convSeg;
  readonly #dropout: number;

  constructor({ inputs, classes, dropout }: PixelClassifierOptions) {
    super();
    this.convSeg = this.child('conv_seg', new Conv2d({ inputs, outputs: classes, kernel: 1, initialiser: normal(0.01) }));
    this.#dropout = dropout;
  }

  /** [B, H, W, inputs] to logits [B, H, W, classes]. */
  forward(x: Tensor, training: boolean): Tensor {
    return this.convSeg.forward(dropout2d(x, this.#dropout, training));
  }
}
