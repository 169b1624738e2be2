// The vocabulary of an image pipeline as plain data, so that it can stand in a config file and go to a worker thread.

import { ConfigError } from '../../errors.ts';

/** Antialiased, as Pillow resizes; bicubic with a = -0.5. */
export type Interpolation = 'bilinear' | 'bicubic';

/** A random part of the picture, resized to a square. Training on photos. */
export interface RandomResizedCrop {
  readonly kind: 'randomResizedCrop';
  /** Side of the result. */
  readonly sizePx: number;
  /** Least and greatest share of the picture's area, e.g. [0.08, 1]. */
  readonly scale: readonly [number, number];
  /** Least and greatest width / height of the part before it is resized, e.g. [3/4, 4/3]. */
  readonly ratio: readonly [number, number];
  /** How it is resized. */
  readonly interpolation: Interpolation;
}

/** The picture mirrored left to right, now and then. Training. */
export interface HorizontalFlip {
  readonly kind: 'horizontalFlip';
  /** In [0, 1]. */
  readonly probability: number;
}

/** A random square of the picture after black pixels were added on each side. Training on CIFAR. */
export interface PadAndCrop {
  readonly kind: 'padAndCrop';
  /** Side of the result. */
  readonly sizePx: number;
  /** Black pixels on each side. */
  readonly paddingPx: number;
}

/** Short side resized to floor(sizePx / cropRatio), then the central square of sizePx. Evaluation. */
export interface ResizeAndCentreCrop {
  readonly kind: 'resizeAndCentreCrop';
  /** Side of the result. */
  readonly sizePx: number;
  /** In (0, 1]; 0.875 resizes to 256 for 224. */
  readonly cropRatio: number;
  /** How it is resized. */
  readonly interpolation: Interpolation;
}

/** One step of an image pipeline. */
export type ImageTransform = RandomResizedCrop | HorizontalFlip | PadAndCrop | ResizeAndCentreCrop;

/**
 * Side of the square that a pipeline produces.
 * @throws ConfigError when no transform determines the size, or a transform's values are out of range.
 */
export function outputSizePx(transforms: readonly ImageTransform[]): number {
  let sizePx: number | undefined;
  for (const transform of transforms) {
    check(transform);
    if (transform.kind !== 'horizontalFlip') sizePx = transform.sizePx;
  }
  if (sizePx === undefined) {
    throw new ConfigError(
      `outputSizePx: expected a transform that sets the size (randomResizedCrop, padAndCrop, resizeAndCentreCrop) ` +
        `in transforms, got ${transforms.length === 0 ? 'none' : transforms.map((t) => t.kind).join(', ')}`,
    );
  }
  return sizePx;
}

function check(transform: ImageTransform): void {
  const expect = (holds: boolean, what: string, parameter: string, value: unknown): void => {
    if (!holds) throw new ConfigError(`${transform.kind}: expected ${what} for ${parameter}, got ${JSON.stringify(value)}`);
  };
  if (transform.kind !== 'horizontalFlip') {
    expect(Number.isInteger(transform.sizePx) && transform.sizePx >= 1, 'a whole number of at least 1', 'sizePx', transform.sizePx);
  }
  switch (transform.kind) {
    case 'randomResizedCrop': {
      const { scale, ratio } = transform;
      expect(scale[0] > 0 && scale[0] <= scale[1], '0 < least <= greatest', 'scale', scale);
      expect(ratio[0] > 0 && ratio[0] <= ratio[1], '0 < least <= greatest', 'ratio', ratio);
      return;
    }
    case 'horizontalFlip': {
      const { probability } = transform;
      expect(probability >= 0 && probability <= 1, 'a number in [0, 1]', 'probability', probability);
      return;
    }
    case 'padAndCrop': {
      const { paddingPx } = transform;
      expect(Number.isInteger(paddingPx) && paddingPx >= 0, 'a whole number of at least 0', 'paddingPx', paddingPx);
      return;
    }
    case 'resizeAndCentreCrop': {
      const { cropRatio } = transform;
      expect(cropRatio > 0 && cropRatio <= 1, 'a number in (0, 1]', 'cropRatio', cropRatio);
      return;
    }
  }
}
