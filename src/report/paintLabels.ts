// Label maps over photos.

import type { RawImage } from '../data/decode.ts';
import type { LabelMap } from '../data/transforms/resizeNearest.ts';
import { ShapeError } from '../errors.ts';

/**
 * A photo with each pixel mixed with the colour of its class.
 * @param photo is left as it is
 * @param map of the same size; pixels that are no class of the palette (255, ignored) keep the photo's colour
 * @param palette RGB bytes, [classes, 3]
 * @param opacity of the colours, in [0, 1]
 * @throws ShapeError when the sizes differ
 */
export function paintLabels(photo: RawImage, map: LabelMap, palette: Uint8Array, opacity = 0.6): RawImage {
  if (map.width !== photo.width || map.height !== photo.height) {
    throw new ShapeError(`paintLabels: expected ${photo.width} x ${photo.height} labels, as the photo has pixels, for map, got ${map.width} x ${map.height}`);
  }
  const data = Uint8Array.from(photo.data);
  for (let i = 0; i < map.data.length; i++) {
    const colour = map.data[i]! * 3;
    if (colour + 2 >= palette.length) continue;
    for (let channel = 0; channel < 3; channel++) {
      const at = i * 3 + channel;
      data[at] = Math.round(photo.data[at]! * (1 - opacity) + palette[colour + channel]! * opacity);
    }
  }
  return { data, width: photo.width, height: photo.height };
}
