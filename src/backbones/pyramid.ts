// What a backbone for dense prediction is to the heads on it, and to an optimizer whose rates fall towards the input.

import type { Tensor } from '@tensorflow/tfjs-core';
import type { Module } from '../nn/module.ts';
import type { ForwardOptions } from './classifier.ts';

/** A backbone's maps, finest first: [B, H / stride, W / stride, C], strides and channels as the backbone says. */
export type FeaturePyramid = readonly Tensor[];

/** A backbone that makes several maps of an image. */
export interface PyramidBackbone extends LayeredModule {
  /** Of each map, finest first. */
  readonly channels: readonly number[];
  /** Pixels of the image per cell of each map, along either side; each twice the one before. */
  readonly strides: readonly number[];
  /**
   * Extracts features.
   * @param images [B, H, W, 3], float32, normalised; H and W multiples of the last stride
   * @returns as many maps as there are strides
   * @throws ShapeError
   */
  forward(images: Tensor, options?: ForwardOptions): FeaturePyramid;
  /** Multiply-adds for one image by module. */
  macs(heightPx: number, widthPx: number): Map<string, number>;
}

/** A module that knows the order of its layers from the input on. */
export interface LayeredModule extends Module {
  /** How many layers there are. */
  readonly layers: number;
  /**
   * Which layer a parameter belongs to.
   * @param name its name in this module
   * @returns 0 for the embeddings, i + 1 for layer i, `layers` + 1 for all else, a parameter of another module too
   */
  layerOf(name: string): number;
}
