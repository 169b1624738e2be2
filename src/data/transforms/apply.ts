// Runs a pipeline on one picture. The random draws come in the order of the transforms, whatever is folded together.

import type { Rng } from '../../random/rng.ts';
import type { RawImage } from '../dataset.ts';
import { centreCropGeometry, randomResizedCropBox } from './cropGeometry.ts';
import { outputSizePx, type ImageTransform } from './imageTransform.ts';
import { padAndCrop } from './padAndCrop.ts';
import { resample } from './resample.ts';

/**
 * @param rng the sample's own stream: everything random comes from it
 * @returns RGB bytes [sizePx, sizePx, 3], sizePx = outputSizePx(transforms); a new array
 * @throws ConfigError for a pipeline that sets no size, DataError for a picture too small for padAndCrop.
 */
export function applyTransforms(image: RawImage, transforms: readonly ImageTransform[], rng: Rng): Uint8Array {
  outputSizePx(transforms);
  let current = image;
  for (let i = 0; i < transforms.length; i++) {
    const transform = transforms[i];
    if (transform === undefined) break;
    switch (transform.kind) {
      case 'randomResizedCrop': {
        const { sizePx, scale, ratio, interpolation } = transform;
        const crop = randomResizedCropBox(current, scale, ratio, rng);
        const next = transforms[i + 1];
        // A flip that follows costs nothing while resampling.
        const flip = next?.kind === 'horizontalFlip' && rng.chance(next.probability);
        if (next?.kind === 'horizontalFlip') i++;
        const resized = { width: sizePx, height: sizePx };
        const window = { x: 0, y: 0, ...resized };
        current = { data: resample(current, { crop, resized, window, interpolation, flip }), ...resized };
        break;
      }
      case 'resizeAndCentreCrop': {
        const { sizePx, cropRatio, interpolation } = transform;
        const crop = { x: 0, y: 0, width: current.width, height: current.height };
        const { resized, window } = centreCropGeometry(current, sizePx, cropRatio);
        const data = resample(current, { crop, resized, window, interpolation, flip: false });
        current = { data, width: sizePx, height: sizePx };
        break;
      }
      case 'padAndCrop': {
        const { sizePx, paddingPx } = transform;
        current = { data: padAndCrop(current, sizePx, paddingPx, rng), width: sizePx, height: sizePx };
        break;
      }
      case 'horizontalFlip':
        if (rng.chance(transform.probability)) current = { ...current, data: mirrored(current) };
        break;
    }
  }
  return current.data;
}

function mirrored({ data, width, height }: RawImage): Uint8Array {
  const result = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      result.set(data.subarray(from, from + 3), (y * width + width - 1 - x) * 3);
    }
  }
  return result;
}
