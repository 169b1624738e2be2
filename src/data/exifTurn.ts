// Photos that are stored on their side, with an EXIF orientation that says how to turn them, beside maps that nobody turned.

import sharp from 'sharp';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * What a message on sizes that do not agree ends with where EXIF explains it: the map has the size that the photo is stored with.
 * @returns '' where that is not so
 */
export async function exifRemedy(photo: string, map: Size): Promise<string> {
  const { orientation = 1, width, height } = await sharp(photo, { limitInputPixels: false }).metadata();
  if (orientation === 1 || map.width !== width || map.height !== height) return '';
  return `: the photo is turned by its EXIF orientation (${orientation}) and the map is not; turn the map as viewers show the photo, or take the ` +
    'orientation out of the photo if it lies right as it is stored (exiftool -Orientation= FILE)';
}
