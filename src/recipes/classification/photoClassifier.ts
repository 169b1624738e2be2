// Asks a classifier about a photo.

import { softmax, squeeze, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Classifier } from '../../backbones/classifier.ts';
import { decodeImage } from '../../data/decode.ts';
import { applyTransforms } from '../../data/transforms/apply.ts';
import { CompiledStep } from '../../ops/compileStep.ts';
import { imageTensor } from '../../ops/hostValues.ts';
import { normalizeImages } from '../../ops/normalizeImages.ts';
import { Rng } from '../../random/rng.ts';
import type { PictureView } from '../../tasks/classificationEvaluator.ts';
import type { Predicted, Predictor } from '../recipe.ts';
import { percent } from '../scores.ts';

export interface PhotoClassifierOptions {
  /** With values. */
  readonly model: Classifier;
  readonly view: PictureView;
  readonly compile: boolean;
  /** Default: `class 0` … */
  readonly classNames?: readonly string[];
}

/** The most likely classes that are told. */
const TOP = 5;

export class PhotoClassifier implements Predictor {
  readonly #options: PhotoClassifierOptions;
  readonly #step: CompiledStep;

  constructor(options: PhotoClassifierOptions) {
    this.#options = options;
    this.#step = new CompiledStep((images) => [this.#probabilities(images)]);
  }

  /** `top`: the five most likely classes, likeliest first. */
  async predict(photo: string | Uint8Array): Promise<Predicted> {
    const { model: { imagePx }, view: { transforms }, classNames } = this.#options;
    const pixels = applyTransforms(await decodeImage(photo), transforms, new Rng(0)); // an evaluation draws nothing
    const images = imageTensor(pixels, [1, imagePx, imagePx, 3]);
    const [output] = this.#options.compile ? await this.#step.run([images]) : [tidy(() => this.#probabilities(images))];
    const probabilities = await output!.data<'float32'>();
    images.dispose();
    output!.dispose();
    const ranked = [...probabilities.entries()].sort(([, a], [, b]) => b - a).slice(0, TOP);
    const top = ranked.map(([label, probability]) => ({ class: classNames?.[label] ?? `class ${label}`, probability }));
    const headline = top.slice(0, 3).map((entry) => `${entry.class} ${percent(entry.probability)}`).join(', ');
    return { result: { top }, headline, pictures: new Map() };
  }

  dispose(): void {
    this.#step.dispose();
  }

  /** [1, H, W, 3] bytes to [classes]. */
  #probabilities(images: Tensor): Tensor {
    const { model, view: { mean, std } } = this.#options;
    return squeeze(softmax(model.forward(normalizeImages(images, mean, std))), [0]);
  }
}
