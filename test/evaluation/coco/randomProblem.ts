// Random evaluation problems, small but nasty: crowds, ties, empty photos and classes, tiny, huge and equal boxes, areas on the
// ranges' edges, ids that are 0 or occur twice, odd parameters.

import { rleFromPolygon } from '../../../src/data/coco/polygonRle.ts';
import type { CocoAnnotation, CocoFile, CocoImage, Segmentation } from '../../../src/data/coco/records.ts';
import { formatRle } from '../../../src/data/coco/rleString.ts';
import type { IouType } from '../../../src/evaluation/coco/cocoParameters.ts';
import { Rng } from '../../../src/random/rng.ts';

/** Parameters under pycocotools' names; what is left out has its default. */
interface PycocotoolsParameters {
  iouThrs?: number[];
  recThrs?: number[];
  maxDets?: number[];
  areaRng?: [number, number][];
  areaRngLbl?: string[];
  useCats?: 0 | 1;
  imgIds?: number[];
  catIds?: number[];
}

export interface Problem {
  readonly iouType: IouType;
  readonly truth: CocoFile;
  readonly results: CocoAnnotation[];
  readonly params: PycocotoolsParameters;
  /** Index of the area range whose matches are compared. */
  readonly area: number;
}

type Box = [x: number, y: number, width: number, height: number];

export function randomProblem(iouType: IouType, seed: number): Problem {
  const rng = new Rng(seed, iouType.length);
  const pick = <Item>(items: readonly Item[]): Item => items[rng.integer(items.length)]!;
  const some = (most: number): number[] => Array.from({ length: rng.integer(most + 1) }, (_, i) => i);
  const images = distinct(rng, 1 + rng.integer(8)).map((id): CocoImage =>
    ({ id, width: 20 + rng.integer(180), height: 20 + rng.integer(180), file_name: `${id}.jpg` }));
  const categories = distinct(rng, 1 + rng.integer(4)).map((id) => ({ id, name: `class ${id}` }));
  const scoreLevels = pick([1, 3, 1e9]);
  const score = (): number => pick([1, 1, 1, -1]) * Math.floor(rng.uniform() * scoreLevels) / scoreLevels;

  const anyBox = ({ width, height }: CocoImage): Box => {
    const box: Box = [rng.uniform(-5, width), rng.uniform(-5, height), rng.uniform(0, 1.1 * width), rng.uniform(0, 1.1 * height)];
    const shape = rng.integer(9);
    // An area on a bound of the ranges, of those that randomParameters draws too.
    const sides = pick([[32, 32], [96, 96], [20, 20], [10, 10], [16, 64]] as const);
    if (shape === 8) return [Math.round(box[0]), Math.round(box[1]), ...sides];
    if (shape === 0) return [box[0], box[1], rng.uniform(), rng.uniform()];
    if (shape === 1) return [box[0], box[1], 0, box[3]];
    if (shape === 2) return [0, 0, 1e6, 1e6];
    return shape < 6 ? box.map(Math.round) as Box : box;
  };
  const near = (box: Box): Box => {
    const jitter = pick([0, 0, 0.5, 3, 20]);
    return box.map((side, i) => (i < 2 ? side : Math.abs(side)) + Math.round(jitter * rng.normal())) as Box;
  };

  const truths: CocoAnnotation[] = [];
  const results: CocoAnnotation[] = [];
  const firstId = pick([0, 1, 1, 500]);
  for (const image of images) {
    if (rng.chance(0.15)) continue;
    const boxes: Box[] = some(6).map(() => anyBox(image));
    if (boxes.length > 0 && rng.chance(0.2)) boxes.push([...boxes[0]!]);
    for (const box of boxes) {
      const iscrowd = rng.chance(0.2) ? 1 : 0;
      const id = rng.chance(0.01) ? firstId : firstId + truths.length;
      const area = rng.chance(0.6) ? box[2] * box[3] : pick([0, 1023.99, 1024, 9216, 9216.01, 1e10, 1e10 + 4]);
      const category = rng.chance(0.02) ? -7 : pick(categories).id;
      truths.push({
        id, image_id: image.id, category_id: category, bbox: box, area, iscrowd, ...rng.chance(0.2) && { ignore: 1 },
        ...iouType === 'segm' && { segmentation: truthMask(rng, box, image, iscrowd) },
        ...iouType === 'keypoints' && person(rng, box),
      });
    }
    const copies = boxes.length > 0 ? some(12).map(() => near(pick(boxes))) : [];
    for (const box of [...copies, ...some(3).map(() => anyBox(image))]) {
      results.push({
        image_id: image.id, category_id: rng.chance(0.02) ? 12345678 : pick(categories).id, score: score(),
        ...iouType !== 'keypoints' && { bbox: box },
        ...iouType === 'segm' && { segmentation: mask(outline(rng, box), rng.chance(0.03) ? { ...image, width: 50 } : image) },
        ...iouType === 'keypoints' && { keypoints: person(rng, box).keypoints },
      });
    }
  }
  // pycocotools needs one detection.
  const [image, category] = [images[0]!, categories[0]!];
  const box = anyBox(image);
  results.push({
    image_id: image.id, category_id: category.id, score: score(), ...iouType !== 'keypoints' && { bbox: box },
    ...iouType === 'segm' && { segmentation: mask(outline(rng, box), image) },
    ...iouType === 'keypoints' && { keypoints: person(rng, box).keypoints },
  });
  // Of masks, areas come from the boxes where there are boxes.
  const withoutBoxes = iouType === 'segm' && rng.chance(0.7);
  const params = randomParameters(rng, iouType, images.map(({ id }) => id), categories.map(({ id }) => id));
  return {
    iouType,
    truth: { info: {}, images, categories, annotations: rng.chance(0.5) ? truths.toReversed() : truths },
    results: withoutBoxes ? results.map((result) => Object.fromEntries(Object.entries(result).filter(([key]) => key !== 'bbox')) as CocoAnnotation) : results,
    params,
    area: rng.integer(params.areaRng?.length ?? (iouType === 'keypoints' ? 3 : 4)),
  };
}

function randomParameters(rng: Rng, iouType: IouType, imageIds: number[], categoryIds: number[]): PycocotoolsParameters {
  const params: PycocotoolsParameters = {};
  const pick = <Item>(items: readonly Item[]): Item => items[rng.integer(items.length)]!;
  const draw = (most: number, value: () => number): number[] => Array.from({ length: 1 + rng.integer(most) }, value);
  const sorted = (values: number[]): number[] => (rng.chance(0.8) ? values.sort((a, b) => a - b) : values);
  // All defaults now and then: their arrays are large.
  const defaults = rng.chance(0.1);
  if (!defaults) params.iouThrs = sorted(draw(6, () => pick([0, 0.5, 0.5, 0.75, 1, rng.uniform()])));
  if (!defaults) params.recThrs = sorted(draw(12, () => pick([0, 1, 0.5, 1 / 3, rng.uniform(), 1.5])));
  if (rng.chance(0.6)) params.maxDets = pick([[1, 10, 100], [0, 3, 5], [2, 2, 7], [100, 1, 4], [100, 100, 100], [1, 2, 3, 100]]);
  if (iouType === 'keypoints' && rng.chance(0.7)) params.maxDets = pick([[20], [3, 20], [1], [20, 5]]);
  if (rng.chance(0.3)) params.useCats = 0;
  if (rng.chance(0.3)) {
    params.areaRng = [[0, 1e10], [100, 400], [400, 400], [1024, 9216]];
    params.areaRngLbl = ['all', 'small', 'medium', 'large'];
  }
  if (rng.chance(0.25)) params.imgIds = [...draw(5, () => pick(imageIds)), 99999999];
  if (rng.chance(0.25)) params.catIds = [...draw(3, () => pick(categoryIds)), 4321];
  return params;
}

/** Ids as data sets have them: with gaps, in no order. */
function distinct(rng: Rng, count: number): number[] {
  const ids = new Set<number>();
  while (ids.size < count) ids.add(1 + rng.integer(rng.chance(0.5) ? 20 : 600_000));
  return [...ids];
}

/** A polygon in a box. */
function outline(rng: Rng, [x, y, width, height]: Box): number[] {
  const [w, h] = [Math.min(width, 300), Math.min(height, 300)];
  if (rng.chance(0.4)) return [x, y, x, y + h, x + w, y + h, x + w, y];
  return Array.from({ length: 3 + rng.integer(5) }, () => [rng.uniform(x, x + w), rng.uniform(y, y + h)]).flat();
}

function mask(polygon: number[], { height, width }: CocoImage): Segmentation {
  return { size: [height, width], counts: formatRle(rleFromPolygon(polygon, height, width)) };
}

function truthMask(rng: Rng, box: Box, image: CocoImage, iscrowd: number): Segmentation {
  const polygon = outline(rng, box);
  if (iscrowd === 0 && rng.chance(0.8)) return rng.chance(0.3) ? [polygon, outline(rng, box)] : [polygon];
  if (rng.chance(0.5)) return mask(polygon, image);
  const { height, width, counts } = rleFromPolygon(polygon, image.height, image.width);
  return { size: [height, width], counts: [...counts] };
}

/** Seventeen keypoints around a box; of one in five people none is labelled. */
function person(rng: Rng, [x, y, width, height]: Box): Pick<CocoAnnotation, 'keypoints' | 'num_keypoints'> & { keypoints: number[] } {
  const [w, h] = [Math.min(width, 300), Math.min(height, 300)];
  const labelled = rng.chance(0.8);
  const keypoints = Array.from({ length: 17 }, (_, i) => {
    const visibility = labelled ? rng.integer(3) : 0;
    // The same place in the box each time, so that copies are near.
    return [Math.round(x + w * ((i * 7) % 17) / 17), Math.round(y + h * i / 17), visibility];
  }).flat();
  return { keypoints, num_keypoints: rng.chance(0.1) ? 0 : keypoints.filter((value, i) => i % 3 === 2 && value > 0).length };
}
