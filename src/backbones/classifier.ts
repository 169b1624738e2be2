// What an image classifier is to whoever trains, measures or asks it.

import { add, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Module } from '../nn/module.ts';

/** How a backbone or a classifier runs. */
export interface ForwardOptions {
  /** As in training: dropPath acts; batch norms use the batch's statistics and change the running ones. Default false. */
  readonly training?: boolean;
  /** Is shown each stage by name; which there are, the model's `forward` says. */
  readonly tap?: (stage: string, value: Tensor) => void;
}

/** A model that classifies square images. */
export interface Classifier extends Module {
  /** How many there are. */
  readonly classes: number;
  /** Side of the square images. */
  readonly imagePx: number;
  /** The model itself where it has a second head for distillation, else undefined. */
  readonly distilled: DistilledClassifier | undefined;
  /**
   * Classifies images.
   * @param images [B, imagePx, imagePx, 3], float32, normalised
   * @returns logits [B, classes]; of a distilled model the mean of its heads
   */
  forward(images: Tensor, options?: ForwardOptions): Tensor;
  /** Multiply-adds for one image by module. */
  macs(): Map<string, number>;
}

/** A classifier with a head that is trained on labels and another that is trained on a teacher's. */
export interface DistilledClassifier extends Classifier {
  /** What each of the heads says; `images` as of `forward`. */
  forwardHeads(images: Tensor, options?: ForwardOptions): DistilledLogits;
}

/** What the class token's head and the distillation token's head say, each [B, classes]. */
export interface DistilledLogits {
  /** The class token's. */
  readonly logits: Tensor;
  /** The distillation token's. */
  readonly distillation: Tensor;
}

/** A distilled model's answer, [B, classes]. */
export function meanOfHeads({ logits, distillation }: DistilledLogits): Tensor {
  return mul(add(logits, distillation), 0.5);
}
