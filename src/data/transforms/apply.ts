// Runs a pipeline on one picture. The random draws come in the order of the transforms, whatever is folded together.

import type { Rng } from '../../random/rng.ts';
import type { RawImage } from '../decode.ts';
import { centreCropGeometry, randomResizedCropBox } from './cropGeometry.ts';
import { outputSizePx, type ImageTransform } from './imageTransform.ts';
import { padAndCrop } from './padAndCrop.ts';
import { resample } from './resample.ts';

/**
 * @param image is left as it is
 * @param rng the sample's own stream: everything random comes from it
 * @param out where the result goes, sizePx * sizePx * 3 bytes; default: a new array
 * @returns out: RGB bytes [sizePx, sizePx, 3], sizePx = outputSizePx(transforms)
 * @throws ConfigError for a pipeline that sets no size, DataError for a picture too small for padAndCrop.
 */
export function applyTransforms(image: RawImage, transforms: readonly ImageTransform[], rng: Rng, out?: Uint8Array): Uint8Array {
  const finalSizePx = outputSizePx(transforms);
  const result = out ?? new Uint8Array(finalSizePx * finalSizePx * 3);
  const lastSized = transforms.findLastIndex(({ kind }) => kind !== 'horizontalFlip');
  let current = image;
  for (let i = 0; i < transforms.length; i++) {
    const transform = transforms[i]!;
    if (transform.kind === 'horizontalFlip') {
      if (!rng.chance(transform.probability)) continue;
      if (current === image) current = { ...image, data: image.data.slice() };
      mirror(current);
      continue;
    }
    const { sizePx } = transform;
    const square = { width: sizePx, height: sizePx };
    const data = i === lastSized ? result : new Uint8Array(sizePx * sizePx * 3);
    switch (transform.kind) {
      case 'randomResizedCrop': {
        const { scale, ratio, interpolation } = transform;
        const crop = randomResizedCropBox(current, scale, ratio, rng);
        const next = transforms[i + 1];
        // A flip that follows costs nothing while resampling.
        const flip = next?.kind === 'horizontalFlip' && rng.chance(next.probability);
        if (next?.kind === 'horizontalFlip') i++;
        resample(current, { crop, resized: square, window: { x: 0, y: 0, ...square }, interpolation, flip }, data);
        break;
      }
      case 'resizeAndCentreCrop': {
        const { cropRatio, interpolation } = transform;
        const crop = { x: 0, y: 0, width: current.width, height: current.height };
        resample(current, { crop, ...centreCropGeometry(current, sizePx, cropRatio), interpolation, flip: false }, data);
        break;
      }
      case 'padAndCrop':
        padAndCrop(current, sizePx, transform.paddingPx, rng, data);
        break;
    }
    current = { data, ...square };
  }
  return result;
}

/** Mirrors a picture left to right in place. */
function mirror({ data, width, height }: RawImage): void {
  for (let y = 0; y < height; y++) {
    for (let left = y * width * 3, right = left + (width - 1) * 3; left < right; left += 3, right -= 3) {
      for (let channel = 0; channel < 3; channel++) {
        const swap = data[left + channel]!;
        data[left + channel] = data[right + channel]!;
        data[right + channel] = swap;
      }
    }
  }
}
