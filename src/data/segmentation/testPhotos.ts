// Photos at the sizes at which a segmentation model is tested.
// Source: mmsegmentation 0.30, MultiScaleFlipAug, Resize and ResizeToMultiple; ViT-Adapter tests with a multiple of 32. Mirrored
// photos are made on the device.

import { ConfigError } from '../../errors.ts';
import type { RawImage } from '../decode.ts';
import { fitSize, roundUpSize, scaleFrame, type Frame } from '../transforms/fitSize.ts';
import { resizeLinear, type Size } from '../transforms/resizeLinear.ts';

/** At which sizes a model sees a photo in evaluation. */
export interface TestScales {
  /** The photo is made as large as fits into this frame. */
  readonly frame: Frame;
  /** One photo for each: the frame times this. Default [1]. */
  readonly ratios?: readonly number[];
  /** Then it is stretched until both sides are multiples of this. Default 1. */
  readonly multiple?: number;
}

/** A photo at each of the scales; RGB bytes. */
export function testPhotos(photo: RawImage, { frame, ratios = [1], multiple = 1 }: TestScales): RawImage[] {
  return ratios.map((ratio) => {
    const fitted = resizedTo(photo, fitSize(photo, scaleFrame(frame, ratio)));
    return resizedTo(fitted, roundUpSize(fitted, multiple));
  });
}

function resizedTo(photo: RawImage, size: Size): RawImage {
  if (photo.width === size.width && photo.height === size.height) return photo;
  const data = new Uint8Array(size.width * size.height * 3);
  resizeLinear(photo, { resized: size, window: { x: 0, y: 0, ...size }, flip: false }, data);
  return { data, ...size };
}

/** @throws ConfigError for values out of range */
export function checkTestScales({ frame, ratios = [1], multiple = 1 }: TestScales): void {
  const expect = (holds: boolean, what: string, parameter: string, value: unknown): void => {
    if (!holds) throw new ConfigError(`TestScales: expected ${what} for ${parameter}, got ${JSON.stringify(value)}`);
  };
  const isWhole = (value: number) => Number.isInteger(value) && value >= 1;
  expect(isWhole(frame.longPx) && isWhole(frame.shortPx) && frame.longPx >= frame.shortPx, 'whole numbers longPx >= shortPx >= 1', 'frame', frame);
  expect(ratios.length > 0 && ratios.every((ratio) => ratio > 0 && Number.isFinite(ratio)), 'at least one number above 0', 'ratios', ratios);
  expect(isWhole(multiple), 'a whole number of at least 1', 'multiple', multiple);
}
