// Photos with semantic maps for samples/segmentation, in ADE20K's layout: the allowed photos for which there is a label image.

import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

/** @typedef {{ id: number, file_name: string, width: number, height: number, flickr_url: string }} CocoImage */
/** @typedef {{ file: string, image: CocoImage, licence: { name: string, url: string } }} Photo */

const shortSidePx = 256;

/**
 * Writes the pairs, smaller.
 * @param {object} options
 * @param {readonly Photo[]} options.photos that may be used
 * @param {string} options.maps folder with annotations/{training,validation}/<COCO's id>.png
 * @param {string} options.out samples/segmentation
 * @param {ReadonlySet<number>} options.trained ids of photos that classification trains with: they are never validation here
 * @returns {Promise<(Photo & { split: string })[]>}
 */
export async function makeSegmentationSamples({ photos, maps, out, trained }) {
  fs.rmSync(out, { recursive: true, force: true });
  const pairs = photos.flatMap((photo) => {
    const name = `${path.parse(photo.image.file_name).name}.png`;
    const map = ['training', 'validation'].map((split) => path.join(maps, 'annotations', split, name)).find((file) => fs.existsSync(file));
    return map === undefined ? [] : [{ ...photo, map, split: trained.has(photo.image.id) ? 'training' : 'validation' }];
  });
  for (const { file, map, image, split } of pairs) {
    const name = path.parse(image.file_name).name;
    const scale = Math.min(1, shortSidePx / Math.min(image.width, image.height));
    const size = { width: Math.round(image.width * scale), height: Math.round(image.height * scale), fit: /** @type {const} */ ('fill') };
    for (const folder of ['images', 'annotations']) fs.mkdirSync(path.join(out, folder, split), { recursive: true });
    await sharp(file).resize(size).jpeg({ quality: 82, mozjpeg: true }).toFile(path.join(out, 'images', split, `${name}.jpg`));
    await sharp(map)
      .resize({ ...size, kernel: 'nearest' })
      .toColourspace('b-w')
      .png({ compressionLevel: 9 })
      .toFile(path.join(out, 'annotations', split, `${name}.png`));
  }
  return pairs;
}
