// The stored image operations of PyTorch (image_ops.safetensors), in tfjs's layout.

import * as tf from '@tensorflow/tfjs-core';
import { readReference, relativeError } from '../../reference.ts';

/** Tolerances of the reference file: outputs, gradients. */
export const outputTolerance = 2e-5;
export const gradientTolerance = 5e-4;

export class ImageReference {
  readonly #tensors: Awaited<ReturnType<typeof readReference>>;

  private constructor(tensors: Awaited<ReturnType<typeof readReference>>) {
    this.#tensors = tensors;
  }

  static async read(): Promise<ImageReference> {
    return new ImageReference(await readReference('image_ops'));
  }

  tensor(name: string): tf.Tensor {
    const stored = this.#tensors.get(name);
    if (stored === undefined) throw new Error(`no tensor ${name} in image_ops`);
    return tf.tensor(stored.data, [...stored.shape]);
  }

  /** A stored [N, C, H, W] as [N, H, W, C]. */
  images(name: string): tf.Tensor4D {
    return tf.transpose(this.tensor(name) as tf.Tensor4D, [0, 2, 3, 1]);
  }

  /** A stored [O, I, height, width] as [height, width, I, O]. */
  filter(name: string): tf.Tensor4D {
    return tf.transpose(this.tensor(name) as tf.Tensor4D, [2, 3, 1, 0]);
  }

  /** The gradient by a result that the stored gradients belong to: linspace(-1, 1) over [N, C, H, W]. */
  lossGradient([batch, height, width, channels]: readonly number[]): tf.Tensor4D {
    const count = batch! * channels! * height! * width!;
    const flat = count === 1 ? tf.tensor1d([-1]) : tf.linspace(-1, 1, count);
    return tf.transpose(tf.reshape(flat, [batch!, channels!, height!, width!]), [0, 2, 3, 1]);
  }
}

/** The largest difference over the largest magnitude; Infinity where the shapes differ. */
export function errorOf(actual: tf.Tensor, expected: tf.Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Infinity;
  return relativeError(actual.dataSync(), expected.dataSync());
}
