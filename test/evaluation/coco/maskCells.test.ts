import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';
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

it.each([true, false])('draws no polygon in a photo whose size nobody says, but takes masks that say theirs (text: %s)', (isText) => {
  const evaluate = (segmentation: object) => {
    const annotation = { id: 1, image_id: 5, category_id: 1, iscrowd: 0, area: 400, segmentation, score: 0.5 } as CocoAnnotation;
    const file = { images: [{ id: 1, width: 100, height: 100, file_name: '1.jpg' }], categories: [{ id: 1, name: 'thing' }] };
    const datasetOf = (content: CocoFile) =>
      (isText ? CocoDataset.fromBytes(Buffer.from(JSON.stringify(content))) : CocoDataset.fromObject(content));
    const [truth, detections] = [0, 1].map(() => datasetOf({ ...file, annotations: [annotation] }));
    return new CocoEval(truth!, detections!, { iouType: 'segm', imageIds: [5] }).evaluation.ious;
  };
  expect(() => evaluate(square(0, 20)))
    .toThrow(/expected width and height of its photo, .* got NaN and NaN; .*\(segmentation of detection 1 of /);
  const { values, detectionAreas } = evaluate({ size: [50, 50], counts: [100, 400, 2000] });
  expect([[...values], [...detectionAreas]]).toEqual([[1], [400]]);
});
