// A convolution without bias, its batch norm and a ReLU: mmcv's ConvModule as mmseg's heads use it, with its names and initial
// values (He normal over the fan-out).

import type { Tensor } from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingNormalFanOut } from '../../nn/initialisers.ts';
import { Module } from '../../nn/module.ts';

/** The size of a convolution with its norm. */
export interface ConvModuleOptions {
  /** Channels that it takes. */
  readonly inputs: number;
  /** Channels that it gives. */
  readonly outputs: number;
  /** 1 or 3: side of the kernel. The result has the size of the input. */
  readonly kernel: 1 | 3;
}

/** A convolution without bias, its batch norm and a ReLU. */
export class ConvModule extends Module {
  /** The convolution. */
  readonly conv;
  /** Its norm, with the ReLU. */
  readonly bn;

  constructor({ inputs, outputs, kernel }: ConvModuleOptions) {
    super();
    this.conv = this.child('conv', new Conv2d({
      inputs, outputs, kernel, padding: (kernel - 1) / 2, bias: false, reducible: true, initialiser: kaimingNormalFanOut(),
    }));
    this.bn = this.child('bn', new BatchNorm2d({ channels: outputs, relu: true }));
  }

  /** [B, H, W, inputs] to [B, H, W, outputs]. */
  forward(x: Tensor, training: boolean): Tensor {
    return this.bn.forward(this.conv.forward(x), training);
  }

  /** Multiply-adds for one sample of so many pixels. */
  macs(pixels: number): number {
    return this.conv.macs(pixels);
  }
}
