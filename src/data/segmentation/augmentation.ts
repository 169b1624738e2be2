// How a photo and its map become a training sample: resized by a random ratio, cropped, mirrored, coloured, padded, in this
// order.
// Source: mmsegmentation 0.30, the training pipeline of configs/_base_/datasets/ade20k.py. Photos stay bytes; they are normalised
// on the device.

import { ConfigError } from '../../errors.ts';
import type { Rng } from '../../random/rng.ts';
import type { RawImage } from '../decode.ts';
import { fitSize, scaleFrame, type Frame } from '../transforms/fitSize.ts';
import { limitedCrop } from '../transforms/limitedCrop.ts';
import { changePhotometry, drawPhotometricChange, type PhotometricRanges } from '../transforms/photometricDistortion.ts';
import { resizeLinear, type Size } from '../transforms/resizeLinear.ts';
import { resizeNearest, type LabelMap } from '../transforms/resizeNearest.ts';
import { IGNORED } from './labelRules.ts';

/** RGB bytes. */
export type Colour = readonly [number, number, number];

/** What is done to photos and label images in training. */
export interface SegmentationAugmentation {
  /** The photo is made as large as fits into this frame times a ratio drawn from `ratio`. */
  readonly frame: Frame;
  /** Least and greatest. */
  readonly ratio: readonly [number, number];
  /** Size of every sample, pixels. */
  readonly crop: Size;
  /** Crops of which one class has this share or more are drawn again, up to ten times. In (0, 1]; 1: never. */
  readonly mostOfOneClass: number;
  /** Of mirroring left to right. */
  readonly flipProbability: number;
  /** Undefined: colours stay. */
  readonly photometric?: PhotometricRanges | undefined;
  /**
   * RGB bytes to the right of and below a photo that is smaller than the crop; the map has 255 there. mmsegmentation pads with 0
   * after normalising, which is the mean colour.
   */
  readonly padding: Colour;
}

/** A photo with its labels, of the same size. */
export interface LabelledPhoto {
  /** RGB bytes. */
  readonly photo: RawImage;
  /** Class numbers, 255 where ignored. */
  readonly map: LabelMap;
}

/** What mmsegmentation and ViT-Adapter train with on ADE20K. */
export const ade20kAugmentation: SegmentationAugmentation = {
  frame: { longPx: 2048, shortPx: 512 },
  ratio: [0.5, 2],
  crop: { width: 512, height: 512 },
  mostOfOneClass: 0.75,
  flipProbability: 0.5,
  photometric: { brightness: 32, contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: 18 },
  padding: [124, 116, 104],
};

/**
 * Makes one training sample.
 * @param rng the sample's own stream; drawn from in the order ratio, crop, flip, colours
 * @param image receives RGB bytes, [crop.height, crop.width, 3]
 * @param labels receives class numbers, [crop.height, crop.width]
 */
export function augment(
  { photo, map }: LabelledPhoto,
  augmentation: SegmentationAugmentation,
  rng: Rng,
  image: Uint8Array,
  labels: Uint8Array,
): void {
  const { frame, ratio, crop, mostOfOneClass, flipProbability, photometric, padding } = augmentation;
  const resized = fitSize(photo, scaleFrame(frame, rng.uniform(...ratio)));
  const window = limitedCrop(map, resized, crop, mostOfOneClass, rng);
  const placing = { resized, window, flip: rng.chance(flipProbability) };
  resizeLinear(photo, placing, image, crop.width * 3);
  resizeNearest(map, placing, labels, crop.width);
  // Whole rows: what lies to the right of a narrow photo is overwritten below.
  if (photometric) changePhotometry(image.subarray(0, window.height * crop.width * 3), drawPhotometricChange(photometric, rng));
  pad(image, labels, crop, window, padding);
}

function pad(image: Uint8Array, labels: Uint8Array, crop: Size, filled: Size, [red, green, blue]: Colour): void {
  if (filled.width === crop.width && filled.height === crop.height) return;
  for (let y = 0; y < crop.height; y++) {
    const from = y * crop.width + (y < filled.height ? filled.width : 0);
    const end = (y + 1) * crop.width;
    labels.fill(IGNORED, from, end);
    for (let i = from * 3; i < end * 3; i += 3) {
      image[i] = red;
      image[i + 1] = green;
      image[i + 2] = blue;
    }
  }
}

/** @throws ConfigError for values out of range */
export function checkAugmentation(augmentation: SegmentationAugmentation): void {
  const { frame, ratio, crop, mostOfOneClass, flipProbability, photometric, padding } = augmentation;
  const expect = (holds: boolean, what: string, parameter: string, value: unknown): void => {
    if (!holds) throw new ConfigError(`SegmentationAugmentation: expected ${what} for ${parameter}, got ${JSON.stringify(value)}`);
  };
  const isWhole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  const isRange = ([least, greatest]: readonly [number, number]) => least > 0 && least <= greatest && Number.isFinite(greatest);
  expect(isWhole(frame.longPx, 1) && isWhole(frame.shortPx, 1) && frame.longPx >= frame.shortPx, 'whole numbers longPx >= shortPx >= 1', 'frame', frame);
  expect(isRange(ratio), '0 < least <= greatest', 'ratio', ratio);
  expect(isWhole(crop.width, 1) && isWhole(crop.height, 1), 'whole numbers of at least 1', 'crop', crop);
  expect(mostOfOneClass > 0 && mostOfOneClass <= 1, 'a number in (0, 1]', 'mostOfOneClass', mostOfOneClass);
  expect(flipProbability >= 0 && flipProbability <= 1, 'a number in [0, 1]', 'flipProbability', flipProbability);
  expect(padding.every((value) => isWhole(value, 0) && value <= 255), 'whole numbers in [0, 255]', 'padding', padding);
  if (!photometric) return;
  expect(photometric.brightness >= 0 && photometric.brightness <= 255, 'a number in [0, 255]', 'photometric.brightness', photometric.brightness);
  expect(isRange(photometric.contrast), '0 < least <= greatest', 'photometric.contrast', photometric.contrast);
  expect(isRange(photometric.saturation), '0 < least <= greatest', 'photometric.saturation', photometric.saturation);
  expect(isWhole(photometric.hue, 0) && photometric.hue <= 90, 'a whole number in [0, 90]', 'photometric.hue', photometric.hue);
}
