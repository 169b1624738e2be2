// The classes of a photo's pixels: the model's logits at one or several sizes, mirrored or not, averaged as probabilities at the
// photo's own size, a band at a time.
// Source: mmsegmentation's EncoderDecoder.inference and aug_test.

import { add, argMax, dispose, reverse, softmax, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RawImage } from '../data/decode.ts';
import { ConfigError, NativeError } from '../errors.ts';
import type { UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import { CompiledStep } from '../ops/compileStep.ts';
import { imageTensor } from '../ops/hostValues.ts';
import { normalizeImages, type Rgb } from '../ops/normalizeImages.ts';
import type { ImageSize } from '../ops/resize.ts';
import type { Part } from '../ops/resizePart.ts';
import { bandsOver } from './photoBands.ts';
import { SlidingLogits, windowsOver, type InferenceMode } from './slidingWindow.ts';
import { resizedView, wholeLogits, type ViewLogits } from './viewLogits.ts';

/** How a model sees a photo. */
export interface PhotoSegmenterOptions {
  /** As a whole, or through a window that slides over it. */
  readonly mode: InferenceMode;
  /** Average with the mirrored photo. */
  readonly flip: boolean;
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  /** Of values scaled to [0, 1]. */
  readonly std: Rgb;
}

/** A photo as the model is to see it. */
interface View {
  readonly photo: RawImage;
  readonly isMirrored: boolean;
  /** Of 'slide'. */
  readonly windows: readonly Part[];
}

/** Classifies the pixels of photos of any size. */
export class PhotoSegmenter {
  readonly #model: UpernetSegmentor;
  readonly #options: PhotoSegmenterOptions;
  readonly #forward: CompiledStep;

  constructor(model: UpernetSegmentor, options: PhotoSegmenterOptions) {
    this.#model = model;
    this.#options = options;
    this.#forward = new CompiledStep((images) => [model.quarterLogits(images)]);
  }

  /**
   * @param photos the photo at each size that the model is to see; more than one, or `flip`, is test-time augmentation
   * @param size of the result
   * @param compile run windows as a step program
   * @returns the class of each pixel, [height * width]
   * @throws ConfigError when a photo that goes through the model as a whole does not fit into memory
   */
  async segment(
    photos: readonly RawImage[],
    { height, width }: { readonly height: number; readonly width: number },
    compile: boolean,
  ): Promise<Uint8Array> {
    const views = this.#viewsOf(photos);
    const classes = new Uint8Array(height * width);
    const logits: ViewLogits[] = [];
    try {
      for (const view of views) logits.push(await this.#logitsOf(view, compile));
      for (const band of bandsOver({ height, width }, this.#model.classes, this.#slidingOf(views))) {
        const found = await this.#classesOf(band, views, logits, [height, width]);
        for (let y = 0; y < band.height; y++) {
          classes.set(found.subarray(y * band.width, (y + 1) * band.width), (band.top + y) * width + band.left);
        }
        await new Promise(setImmediate); // signals are heard between bands
      }
    } finally {
      for (const view of logits) view.dispose();
    }
    return classes;
  }

  /** Frees what was recorded; the model stays. */
  dispose(): void {
    this.#forward.dispose();
  }

  #viewsOf(photos: readonly RawImage[]): View[] {
    const { mode, flip } = this.#options;
    return photos.flatMap((photo) => {
      const windows = mode.kind === 'slide' ? windowsOver(photo.height, photo.width, mode.cropPx, mode.stridePx) : [];
      return (flip ? [false, true] : [false]).map((isMirrored) => ({ photo, isMirrored, windows }));
    });
  }

  #slidingOf(views: readonly View[]) {
    const { mode } = this.#options;
    if (mode.kind === 'whole') return [];
    const rows = Math.ceil(mode.cropPx / mode.stridePx);
    return views.map(({ photo: { width }, windows }) => {
      const { height, width: side } = windows[0]!;
      return { width, windows, rows, bytes: (height * side * this.#model.classes * 4) / 16 };
    });
  }

  async #logitsOf(view: View, compile: boolean): Promise<ViewLogits> {
    const { photo: { height, width }, windows } = view;
    if (this.#options.mode.kind === 'whole') return wholeLogits(this.#runWhole(view), [height, width]);
    const run = (window: Part): Promise<Tensor> => this.#run(view, window, compile);
    return new SlidingLogits({ size: [height, width], windows, classes: this.#model.classes, run });
  }

  /** Whole photos come in many sizes, so there is no program for them. */
  #runWhole({ photo, isMirrored }: View): Tensor {
    const { height, width } = photo;
    try {
      return tidy(() => this.#model.quarterLogits(this.#normalized(photo, { top: 0, left: 0, height, width }, isMirrored)));
    } catch (error) {
      if (!(error instanceof NativeError && error.message.includes('out of memory'))) throw error;
      throw new ConfigError(`PhotoSegmenter: expected a photo that goes through the model as a whole within the memory there is, got ${width} x ${height} pixels at test scale (${error.message}); set evaluation.mode=slide, or a smaller augmentation.eval.longPx and shortPx`);
    }
  }

  /** Windows are of one size, so one program serves them. */
  async #run({ photo, isMirrored }: View, window: Part, compile: boolean): Promise<Tensor> {
    const images = this.#normalized(photo, window, isMirrored);
    try {
      return compile ? (await this.#forward.run([images]))[0]! : tidy(() => this.#model.quarterLogits(images));
    } finally {
      images.dispose();
    }
  }

  /** The classes in a band of the photo, [band.height * band.width]. */
  async #classesOf(band: Part, views: readonly View[], logits: readonly ViewLogits[], size: ImageSize): Promise<Uint8Array> {
    let sum: Tensor | undefined; // [1, band.height, band.width, classes]
    for (const [i, { isMirrored }] of views.entries()) {
      const own = isMirrored ? { ...band, left: size[1] - band.left - band.width } : band;
      const resized = await resizedView(logits[i]!, size, own);
      const scores = tidy(() => {
        const upright = isMirrored ? reverse(resized, 2) : resized;
        if (views.length === 1) return upright.clone(); // the largest logit has the largest probability
        const probabilities = softmax(upright);
        return sum === undefined ? probabilities : add(sum, probabilities);
      });
      dispose(sum === undefined ? [resized] : [resized, sum]);
      sum = scores;
    }
    const best = argMax(sum!, 3);
    try {
      return Uint8Array.from(await best.data<'int32'>());
    } finally {
      dispose([best, sum!]);
    }
  }

  /** A part of a photo, or of the mirrored photo, [1, part.height, part.width, 3]. */
  #normalized({ data, width }: RawImage, { top, left, height, width: columns }: Part, isMirrored: boolean): Tensor {
    const { mean, std } = this.#options;
    const first = isMirrored ? width - left - columns : left;
    const bytes = new Uint8Array(height * columns * 3);
    for (let y = 0; y < height; y++) {
      const begin = ((top + y) * width + first) * 3;
      bytes.set(data.subarray(begin, begin + columns * 3), y * columns * 3);
    }
    return tidy(() => {
      const normalized = normalizeImages(imageTensor(bytes, [1, height, columns, 3]), mean, std);
      return isMirrored ? reverse(normalized, 2) : normalized;
    });
  }
}
