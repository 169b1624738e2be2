// The classes of a photo's pixels: the model's logits at one or several sizes, mirrored or not, averaged as probabilities at the
// photo's own size.
// Source: mmsegmentation's EncoderDecoder.inference and aug_test.

import { add, argMax, dispose, reverse, softmax, squeeze, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RawImage } from '../data/dataset.ts';
import type { UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import { CompiledStep } from '../ops/compileStep.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages } from '../ops/normalizeImages.ts';
import { resizeBilinear } from '../ops/resize.ts';
import { slideLogits, type InferenceMode } from './slidingWindow.ts';

type Rgb = readonly [number, number, number];

export interface PhotoSegmenterOptions {
  readonly mode: InferenceMode;
  /** Average with the mirrored photo. */
  readonly flip: boolean;
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  readonly std: Rgb;
}

export class PhotoSegmenter {
  readonly #model: UpernetSegmentor;
  readonly #options: PhotoSegmenterOptions;
  readonly #forward: CompiledStep;

  constructor(model: UpernetSegmentor, options: PhotoSegmenterOptions) {
    this.#model = model;
    this.#options = options;
    this.#forward = new CompiledStep((images) => [model.forward(images)]);
  }

  /**
   * @param photos the photo at each size that the model is to see; more than one, or `flip`, is test-time augmentation
   * @param size of the result
   * @param compile run windows as a step program
   * @returns the class of each pixel, [height * width]
   */
  async segment(
    photos: readonly RawImage[],
    { height, width }: { readonly height: number; readonly width: number },
    compile: boolean,
  ): Promise<Uint8Array> {
    const { mode, flip } = this.#options;
    const isOne = photos.length === 1 && !flip;
    // Windows are of one size, so one program serves them; whole photos come in many.
    const isCompiled = compile && mode.kind === 'slide';
    const forward = async (images: Tensor): Promise<Tensor> =>
      (isCompiled ? (await this.#forward.run([images]))[0]! : tidy(() => this.#model.forward(images)));
    let sum: Tensor | undefined; // [1, height, width, classes]
    for (const photo of photos) {
      for (const isMirrored of flip ? [false, true] : [false]) {
        const images = this.#normalized(photo, isMirrored);
        const logits = await slideLogits(forward, images, this.#model.classes, mode);
        const scores = tidy(() => {
          const resized = resizeBilinear(logits, [height, width]);
          const upright = isMirrored ? reverse(resized, 2) : resized;
          const own = isOne ? upright : softmax(upright); // the largest logit has the largest probability
          return sum === undefined ? own : add(sum, own);
        });
        dispose(sum === undefined ? [images, logits] : [images, logits, sum]);
        sum = scores;
      }
    }
    const best = tidy(() => squeeze(argMax(sum!, 3), [0]));
    try {
      return Uint8Array.from(await best.data<'int32'>());
    } finally {
      dispose([best, sum!]);
    }
  }

  dispose(): void {
    this.#forward.dispose();
  }

  /** [1, H, W, 3] */
  #normalized({ data, height, width }: RawImage, isMirrored: boolean): Tensor {
    const { mean, std } = this.#options;
    return tidy(() => {
      const bytes = imageTensor(data, [1, height, width, 3]);
      const normalized = normalizeImages(bytes, mean, std);
      return isMirrored ? reverse(normalized, 2) : normalized;
    });
  }
}
