// Makes samples/ again from a COCO 2017 folder and one with semantic maps of its photos in ADE20K's layout:
// `node scripts/make-samples.mjs <coco> <maps> [samples]`. Photos whose licence lets anyone pass them on, small, sorted into
// folders by what takes most of the picture; those with maps once more, larger, under segmentation/. File names are COCO's ids.

import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { makeSegmentationSamples } from './samples/segmentationSamples.mjs';

/**
 * @typedef {{ id: number, file_name: string, width: number, height: number, license: number, flickr_url: string }} CocoImage
 * @typedef {{ image_id: number, category_id: number, area: number, iscrowd?: number }} CocoAnnotation
 * @typedef {{ id: number, name: string, supercategory: string }} CocoCategory
 * @typedef {{ id: number, name: string, url: string }} CocoLicence
 * @typedef {{ images: CocoImage[], annotations: CocoAnnotation[], categories: CocoCategory[], licenses: CocoLicence[] }} Coco
 * @typedef {{ file: string, image: CocoImage, licence: CocoLicence, shares: Map<string, number> }} Photo
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
 * The photos of one split that may be used, with what is in them.
 * @param {string} coco
 * @param {string} split
 * @returns {Photo[]}
 */
function photosOf(coco, split) {
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
    const licence = licenses.find(({ id }) => id === image.license);
    return licence === undefined ? [] : [{ file: path.join(coco, 'images', split, image.file_name), image, licence, shares }];
  });
}

/**
 * A photo with the label that covers most of it; nothing where there is none.
 * @param {Photo} photo
 */
function labelled(photo) {
  const [largest] = [...photo.shares].sort((a, b) => b[1] - a[1]);
  return largest === undefined ? [] : [{ ...photo, label: largest[0], share: largest[1] }];
}

/**
 * For each label its clearest photos; every fifth goes to val, so that both folders hold clear and less clear ones.
 * @param {(Photo & { label: string, share: number })[]} photos
 */
function choose(photos) {
  const labels = [...new Set(photos.map(({ label }) => label))].sort();
  return labels.flatMap((label) => {
    const clearest = photos.filter((photo) => photo.label === label).sort((a, b) => b.share - a.share || a.image.id - b.image.id);
    return clearest.slice(0, mostPerLabel.train + mostPerLabel.val).map((photo, i) => ({ ...photo, split: i % 5 === 2 ? 'val' : 'train' }));
  });
}

/**
 * @param {ReturnType<typeof choose>} chosen
 * @param {Awaited<ReturnType<typeof makeSegmentationSamples>>} labelled
 */
function credits(chosen, labelled) {
  const files = [
    ...chosen.map(({ split, label, image, licence }) => ({ folder: `${split}/${label}`, image, licence })),
    ...labelled.map(({ split, image, licence }) => ({ folder: `segmentation/images/${split}`, image, licence })),
  ];
  const rows = files.sort((a, b) => a.image.id - b.image.id).map(({ folder, image, licence }) =>
    `| ${folder}/${path.parse(image.file_name).name}.jpg | ${image.flickr_url} | [${licence.name}](${licence.url}) |`);
  return [
    '# Credits',
    '',
    'Photos of the COCO 2017 dataset (https://cocodataset.org), made smaller. Each belongs to the photographer whose Flickr page holds it, under the licence named.',
    'A folder under train/ and val/ is named after what takes most of the picture. `scripts/make-samples.mjs` makes this folder.',
    '',
    "The label images in segmentation/annotations/ are COCO's panoptic annotations (CC BY 4.0, https://cocodataset.org/#termsofuse) without",
    'instances, made smaller: 0 is unlabelled, 1 to 133 are the classes of `src/data/segmentation/coco133Classes.ts`.',
    '',
    '| file | source | licence |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const [coco, maps, out = path.resolve(import.meta.dirname, '../samples')] = process.argv.slice(2);
if (coco === undefined || maps === undefined) {
  console.error('usage: node scripts/make-samples.mjs <coco> <maps> [samples]     <coco> holds annotations/ and images/, <maps> annotations/');
  process.exit(2);
}

const usable = ['train2017', 'val2017'].flatMap((split) => photosOf(coco, split));
const chosen = choose(usable.flatMap(labelled));
for (const split of ['train', 'val']) fs.rmSync(path.join(out, split), { recursive: true, force: true });
for (const { file, split, label, image } of chosen) {
  const folder = path.join(out, split, label);
  fs.mkdirSync(folder, { recursive: true });
  await sharp(file)
    .resize({ width: shortSidePx, height: shortSidePx, fit: 'outside', withoutEnlargement: true })
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(path.join(folder, `${path.parse(image.file_name).name}.jpg`));
}
const trained = new Set(chosen.filter(({ split }) => split === 'train').map(({ image }) => image.id));
const pairs = await makeSegmentationSamples({ photos: usable, maps, out: path.join(out, 'segmentation'), trained });
fs.writeFileSync(path.join(out, 'CREDITS.md'), credits(chosen, pairs));
console.log(`${chosen.length} photos and ${pairs.length} with maps in ${out}`);
