// The patch embedding with its parameters, named `proj` as in timm.

import type { Tensor } from '@tensorflow/tfjs-core';
import { patchEmbed } from '../ops/patchEmbed.ts';
import { kaimingUniform, uniform } from './initialisers.ts';
import { Module } from './module.ts';

/** The size of a patch embedding. */
export interface PatchEmbedOptions {
  /** Side of a patch. */
  readonly patchPx: number;
  /** Of a token. */
  readonly channels: number;
}

/** Patches of an image as tokens: a convolution whose stride is its kernel. */
export class PatchEmbed extends Module {
  /** [channels, 3, patchPx, patchPx] */
  readonly weight;
  /** [channels] */
  readonly bias;

  constructor({ patchPx, channels }: PatchEmbedOptions) {
    super();
    // DeiT leaves this convolution at torch's default: weight and bias uniform within ±1/√fan-in.
    const bound = 1 / Math.sqrt(3 * patchPx ** 2);
    this.weight = this.parameter('proj.weight', { shape: [channels, 3, patchPx, patchPx], initialiser: kaimingUniform(Math.sqrt(5)) });
    this.bias = this.parameter('proj.bias', { shape: [channels], initialiser: uniform(bound) });
  }

  /** [B, H, W, 3] to [B, N, C], row after row of patches. */
  forward(images: Tensor): Tensor {
    return patchEmbed(images, this.weight.value, this.bias.value);
  }

  /** Multiply-adds for one image of `patches` patches. */
  macs(patches: number): number {
    return patches * this.weight.size;
  }
}
