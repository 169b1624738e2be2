// Makes samples/ again from a COCO 2017 folder: `node scripts/make-samples.mjs <coco> [samples]`. Photos whose licence lets
// anyone pass them on, small, sorted into folders by what takes most of the picture. File names are COCO's ids.

import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

/**
 * @typedef {{ id: number, file_name: string, width: number, height: number, license: number, flickr_url: string }} CocoImage
 * @typedef {{ image_id: number, category_id: number, area: number, iscrowd?: number }} CocoAnnotation
 * @typedef {{ id: number, name: string, supercategory: string }} CocoCategory
 * @typedef {{ id: number, name: string, url: string }} CocoLicence
 * @typedef {{ images: CocoImage[], annotations: CocoAnnotation[], categories: CocoCategory[], licenses: CocoLicence[] }} Coco
 * @typedef {{ file: string, image: CocoImage, licence: CocoLicence, label: string, share: number }} Photo
 */

/** CC BY, CC BY-SA, no known restrictions, work of the US government. */
const allowedLicences = [4, 5, 7, 8];
/** @type {Record<string, string>} */
const labelOfSupercategory = {
  animal: 'animal', vehicle: 'vehicle', person: 'person', food: 'meal', kitchen: 'meal', furniture: 'room', appliance: 'room', electronic: 'room', indoor: 'room',
};
const mostPerLabel = { train: 14, val: 4 };
const shortSidePx = 168;

/** @param {CocoCategory} category */
function labelOf({ name, supercategory }) {
  return name === 'dining table' ? 'meal' : labelOfSupercategory[supercategory];
}

/**
 * The photos of one split that may be used, each with the label that covers most of it.
 * @param {string} coco
 * @param {string} split
 * @returns {Photo[]}
 */
function usablePhotos(coco, split) {
  /** @type {Coco} */
  const { images, annotations, categories, licenses } = JSON.parse(fs.readFileSync(path.join(coco, 'annotations', `instances_${split}.json`), 'utf8'));
  const labels = new Map(categories.map((category) => [category.id, labelOf(category)]));
  return images.filter((image) => allowedLicences.includes(image.license)).flatMap((image) => {
    /** @type {Map<string, number>} */
    const shares = new Map();
    for (const { image_id, category_id, area, iscrowd } of annotations) {
      const label = labels.get(category_id);
      if (image_id !== image.id || iscrowd === 1 || label === undefined) continue;
      shares.set(label, (shares.get(label) ?? 0) + area / (image.width * image.height));
    }
    const [largest] = [...shares].sort((a, b) => b[1] - a[1]);
    const licence = licenses.find(({ id }) => id === image.license);
    if (largest === undefined || licence === undefined) return [];
    return [{ file: path.join(coco, 'images', split, image.file_name), image, licence, label: largest[0], share: largest[1] }];
  });
}

/**
 * For each label its clearest photos; every fifth goes to val, so that both folders hold clear and less clear ones.
 * @param {Photo[]} photos
 */
function choose(photos) {
  const labels = [...new Set(photos.map(({ label }) => label))].sort();
  return labels.flatMap((label) => {
    const clearest = photos.filter((photo) => photo.label === label).sort((a, b) => b.share - a.share || a.image.id - b.image.id);
    return clearest.slice(0, mostPerLabel.train + mostPerLabel.val).map((photo, i) => ({ ...photo, split: i % 5 === 2 ? 'val' : 'train' }));
  });
}

/** @param {ReturnType<typeof choose>} chosen */
function credits(chosen) {
  const rows = [...chosen].sort((a, b) => a.image.id - b.image.id).map(({ split, label, image, licence }) =>
    `| ${split}/${label}/${path.parse(image.file_name).name}.jpg | ${image.flickr_url} | [${licence.name}](${licence.url}) |`);
  return [
    '# Credits',
    '',
    'Photos of the COCO 2017 dataset (https://cocodataset.org), made smaller. Each belongs to the photographer whose Flickr page holds it, under the licence named.',
    'A folder is named after what takes most of the picture. `scripts/make-samples.mjs` makes this folder.',
    '',
    '| file | source | licence |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const [coco, out = path.resolve(import.meta.dirname, '../samples')] = process.argv.slice(2);
if (coco === undefined) {
  console.error('usage: node scripts/make-samples.mjs <coco> [samples]     <coco> holds annotations/ and images/');
  process.exit(2);
}

const chosen = choose(['train2017', 'val2017'].flatMap((split) => usablePhotos(coco, split)));
for (const split of ['train', 'val']) fs.rmSync(path.join(out, split), { recursive: true, force: true });
for (const { file, split, label, image } of chosen) {
  const folder = path.join(out, split, label);
  fs.mkdirSync(folder, { recursive: true });
  await sharp(file)
    .resize({ width: shortSidePx, height: shortSidePx, fit: 'outside', withoutEnlargement: true })
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(path.join(folder, `${path.parse(image.file_name).name}.jpg`));
}
fs.writeFileSync(path.join(out, 'CREDITS.md'), credits(chosen));
console.log(`${chosen.length} photos in ${out}`);
