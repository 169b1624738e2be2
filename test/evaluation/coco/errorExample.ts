// One photo with one error of each kind, small enough to be worked by hand. Boxes are 10 px wide; two that are 5 px apart
// have an IoU of 1/3.

import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';

const box = (x: number, y = 0) => ({ bbox: [x, y, 10, 10], area: 100 });

/** Objects A and B of class 1, C and D of class 2. */
const objects: CocoAnnotation[] = [
  { id: 1, image_id: 7, category_id: 1, iscrowd: 0, ...box(0) },
  { id: 2, image_id: 7, category_id: 1, iscrowd: 0, ...box(20) },
  { id: 3, image_id: 7, category_id: 2, iscrowd: 0, ...box(40) },
  { id: 4, image_id: 7, category_id: 2, iscrowd: 0, ...box(60) },
];

const detections: CocoAnnotation[] = [
  { image_id: 7, category_id: 1, score: 0.9, ...box(0) }, // finds A
  { image_id: 7, category_id: 1, score: 0.8, ...box(0) }, // duplicate
  { image_id: 7, category_id: 1, score: 0.7, ...box(25) }, // localisation of B
  { image_id: 7, category_id: 1, score: 0.6, ...box(40) }, // classification of C
  { image_id: 7, category_id: 2, score: 0.5, ...box(80, 80) }, // background
  { image_id: 7, category_id: 1, score: 0.4, ...box(65) }, // both: near D, which is missed
];

interface MoreAnnotations {
  readonly objects?: readonly CocoAnnotation[];
  readonly detections?: readonly CocoAnnotation[];
}

/** The example, with further annotations. */
export async function errorExample(more: MoreAnnotations = {}, options: CocoOptions = { iouType: 'bbox' }): Promise<CocoEval> {
  const truth = CocoDataset.fromObject({
    images: [{ id: 7, width: 100, height: 100, file_name: '7.jpg' }],
    categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
    annotations: [...objects, ...more.objects ?? []],
  });
  const results = await truth.loadRes([...detections, ...more.detections ?? []]);
  return new CocoEval(truth, results, options);
}

/** A crowd of class 1 far from everything else, and a detection in it. */
export const crowd = {
  objects: [{ id: 5, image_id: 7, category_id: 1, iscrowd: 1, bbox: [0, 50, 100, 20], area: 2000 }],
  detections: [{ image_id: 7, category_id: 1, score: 0.95, ...box(30, 55) }],
} satisfies MoreAnnotations;
