// Asks a segmentation model about a photo: its classes, an overlay, a label image.

import { decodeImage, type RawImage } from '../../data/decode.ts';
import { encodeLabelPng } from '../../data/labelPng.ts';
import type { ClassSet } from '../../data/segmentation/classSet.ts';
import { testPhotos } from '../../data/segmentation/testPhotos.ts';
import type { UpernetSegmentor } from '../../heads/upernet/segmentor.ts';
import { segmentationPicture } from '../../report/segmentationPicture.ts';
import { PhotoSegmenter } from '../../tasks/photoSegmenter.ts';
import type { PhotoView } from '../../tasks/segmentationEvaluator.ts';
import type { Predicted, Predictor } from '../recipe.ts';

type Rgb = readonly [number, number, number];

export interface PhotoSegmentationOptions {
  /** With values. */
  readonly model: UpernetSegmentor;
  readonly classes: ClassSet;
  readonly view: PhotoView;
  /** Of values scaled to [0, 1]. */
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly compile: boolean;
}

/** How the files of a photo end. */
export const PICTURE = '.png';
export const LABELS = '.labels.png';

export class PhotoSegmentation implements Predictor {
  readonly #options: PhotoSegmentationOptions;
  readonly #segmenter: PhotoSegmenter;

  constructor(options: PhotoSegmentationOptions) {
    const { model, view: { mode, flip }, mean, std } = options;
    this.#options = options;
    this.#segmenter = new PhotoSegmenter(model, { mode, flip, mean, std });
  }

  /** `classes`: the share of the pixels of each class that occurs, largest first. */
  async predict(given: string | Uint8Array): Promise<Predicted> {
    const { classes, view, compile } = this.#options;
    const photo: RawImage = await decodeImage(given);
    const data = await this.#segmenter.segment(testPhotos(photo, view.scales), photo, compile);
    const prediction = { data, width: photo.width, height: photo.height };
    const shares = sharesOf(data, classes.names);
    return {
      result: { classes: Object.fromEntries(shares) },
      headline: shares.slice(0, 3).map(([name, share]) => `${name} ${(100 * share).toFixed(0)} %`).join(', '),
      pictures: new Map([
        [PICTURE, async () => segmentationPicture({ photo, prediction, classes })],
        [LABELS, async () => encodeLabelPng(prediction, classes.palette)],
      ]),
    };
  }

  dispose(): void {
    this.#segmenter.dispose();
  }
}

/** Largest first. */
function sharesOf(data: Uint8Array, names: readonly string[]): (readonly [name: string, share: number])[] {
  const counts = new Float64Array(names.length);
  for (const value of data) counts[value]!++;
  const occurring = [...counts.entries()].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return occurring.map(([label, count]) => [names[label]!, count / data.length]);
}
