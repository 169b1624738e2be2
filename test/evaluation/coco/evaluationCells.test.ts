import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';

it('groups many classes together without room for each of them', async () => {
  const [classes, objects] = [3000, 100_000]; // a number for each pair would take 1.2 GB
  const categories = Array.from({ length: classes }, (_, i) => ({ id: i + 1, name: `${i}` }));
  const bbox: [number, number, number, number] = [1, 2, 3, 4];
  const annotations = Array.from({ length: objects }, (_, i) =>
    ({ id: i + 1, image_id: 1 + (i % 500), category_id: 1 + (i % classes), bbox, area: 12, iscrowd: 0 }));
  const images = Array.from({ length: 500 }, (_, i) => ({ id: i + 1, width: 9, height: 9, file_name: `${i}.jpg` }));
  const truth = CocoDataset.fromObject({ images, annotations, categories });
  const detections = await truth.loadRes([{ image_id: 1, category_id: 2, bbox, score: 0.5 }]);
  const { evaluation: { cells } } = new CocoEval(truth, detections, { iouType: 'bbox', useCats: false, categoryIds: [3, 2, 3] });
  const rowsOf = (category: number) => annotations.flatMap(({ image_id: image, category_id: own }, row) =>
    (image === 3 && own === category ? [row] : []));
  const photo = cells.images.indexOf(2);
  expect([...cells.truths.subarray(cells.truthStarts[photo], cells.truthStarts[photo + 1])])
    .toEqual([...rowsOf(3), ...rowsOf(2), ...rowsOf(3)]);
  const whole = new CocoEval(truth, detections, { iouType: 'bbox', useCats: false }).evaluation.cells;
  expect(whole.truths.length).toBe(objects);
});

it('finds the cell of a class and a photo, and none where nothing is', async () => {
  const images = [40, 7, 19].map((id) => ({ id, width: 9, height: 9, file_name: `${id}.jpg` }));
  const categories = [5, 2, 8].map((id) => ({ id, name: `${id}` }));
  const bbox: [number, number, number, number] = [1, 2, 3, 4];
  const places = [[40, 5], [7, 2], [7, 8], [19, 5]] as const;
  const annotations = places.map(([image, category], i) =>
    ({ id: i + 1, image_id: image, category_id: category, bbox, area: 12, iscrowd: 0 }));
  const truth = CocoDataset.fromObject({ images, categories, annotations });
  const evaluation = new CocoEval(truth, await truth.loadRes([{ image_id: 19, category_id: 2, bbox, score: 0.5 }]), { iouType: 'bbox' });
  const found = [1, 7, 19, 40, 99].flatMap((image) => [2, 3, 5, 8].flatMap((category) => {
    const matches = evaluation.matchesOf(image, category);
    return matches === undefined ? [] : [`${image} ${category}: ${[...matches.truthIds].join()} ${[...matches.scores].join()}`];
  }));
  expect(found).toEqual(['7 2: 2 ', '7 8: 3 ', '19 2:  0.5', '19 5: 4 ', '40 5: 1 ']);
});
