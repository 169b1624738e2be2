// CIFAR's augmentation: black padding, then a random square. Source: He et al. 2015, section 4.2; torchvision's RandomCrop.

import { DataError } from '../../errors.ts';
import type { Rng } from '../../random/rng.ts';
import type { RawImage } from '../decode.ts';

/**
 * @param out receives RGB bytes [sizePx, sizePx, 3]
 * @throws DataError when the padded picture is smaller than the crop.
 */
export function padAndCrop(image: RawImage, sizePx: number, paddingPx: number, rng: Rng, out: Uint8Array): void {
  const { data, width, height } = image;
  const spareX = width + 2 * paddingPx - sizePx;
  const spareY = height + 2 * paddingPx - sizePx;
  if (spareX < 0 || spareY < 0) {
    throw new DataError(
      `padAndCrop: expected a picture of at least ${sizePx - 2 * paddingPx} pixels each way for a crop of ${sizePx} with padding ${paddingPx}, got ${width} x ${height}`,
    );
  }
  // The crop's corner in the unpadded picture, down to -paddingPx.
  const top = rng.integer(spareY + 1) - paddingPx;
  const left = rng.integer(spareX + 1) - paddingPx;
  const firstColumn = Math.max(left, 0);
  const endColumn = Math.min(left + sizePx, width);
  out.fill(0);
  if (endColumn <= firstColumn) return;
  for (let y = Math.max(top, 0); y < Math.min(top + sizePx, height); y++) {
    const row = data.subarray((y * width + firstColumn) * 3, (y * width + endColumn) * 3);
    out.set(row, ((y - top) * sizePx + firstColumn - left) * 3);
  }
}
