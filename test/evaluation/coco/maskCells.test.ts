import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';

const square = (x: number, side: number) => [[x, 10, x + side, 10, x + side, 10 + side, x, 10 + side]];
const photos = [1, 2, 3];

it.each([true, false])('compares polygons with polygons, photo by photo (text: %s)', async (isText) => {
  const file = {
    images: photos.map((id) => ({ id, width: 100, height: 100, file_name: `${id}.jpg` })), categories: [{ id: 1, name: 'thing' }],
    annotations: photos.flatMap((id) => [0, 50].map((x) => ({
      id: 2 * id + (x === 0 ? 0 : 1), image_id: id, category_id: 1, iscrowd: 0, area: 400, segmentation: square(x, 20),
    }))),
  };
  const truth = isText ? CocoDataset.fromBytes(Buffer.from(JSON.stringify(file))) : CocoDataset.fromObject(file);
  const results = photos.flatMap((id) => [0, 50].map((x) =>
    ({ image_id: id, category_id: 1, score: x === 0 ? 0.9 : 0.5, segmentation: square(x, 5 * id) })));
  const detections = await truth.loadRes(isText ? Buffer.from(JSON.stringify(results)) : results);
  const { evaluation: { ious } } = new CocoEval(truth, detections, { iouType: 'segm' });
  const overlap = (id: number) => (5 * id) ** 2 / 400;
  expect([...ious.values]).toEqual(photos.flatMap((id) => [overlap(id), 0, 0, overlap(id)]));
  expect([...ious.detectionAreas]).toEqual(photos.flatMap((id) => [(5 * id) ** 2, (5 * id) ** 2]));
});
