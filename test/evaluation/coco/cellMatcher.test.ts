import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CellMatcher } from '../../../src/evaluation/coco/cellMatcher.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { Rng } from '../../../src/random/rng.ts';

it('labels an evaluation too large for one batch as it labels its photos alone', async () => {
  const [photos, objects] = [30, 200]; // 1.2 million pairs
  const rng = new Rng(1);
  const images = Array.from({ length: photos }, (_, i) => ({ id: i + 1, width: 200, height: 200, file_name: `${i}.jpg` }));
  const drawn = images.flatMap(({ id }) => Array.from({ length: objects }, () => {
    const [x, y, width, height] = [rng.integer(100), rng.integer(100), 1 + rng.integer(90), 1 + rng.integer(90)];
    const bbox: [number, number, number, number] = [x, y, width, height];
    const iscrowd = rng.uniform() < 0.05 ? 1 : 0;
    return { image_id: id, category_id: 1, bbox, area: width * height, iscrowd, score: rng.uniform() };
  }));
  const annotations = drawn.map((record, i) => ({ ...record, id: i + 1 }));
  const truth = CocoDataset.fromObject({ images, annotations, categories: [{ id: 1, name: 'thing' }] });
  const results = drawn.map(({ bbox: [x, y, width, height], ...record }) => ({ ...record, bbox: [x + 3, y, width, height] }));
  const detections = await truth.loadRes(results);
  const label = (imageIds: number[]) => {
    const { evaluation } = new CocoEval(truth, detections, { iouType: 'bbox', imageIds, maxDets: [1, 10, objects] });
    return new CellMatcher(evaluation).label();
  };
  const whole = label(images.map(({ id }) => id));
  const parts = images.map(({ id }) => label([id]));
  expect(whole.states.length).toBe(photos * objects * 40);
  expect(whole.states).toEqual(Uint8Array.from(parts.flatMap(({ states }) => [...states])));
  expect(new Set(whole.states)).toEqual(new Set([0, 1, 2]));
  const sum = (a: number) => parts.reduce((count, { truthCounts }) => count + truthCounts[a]!, 0);
  expect([...whole.truthCounts]).toEqual([0, 1, 2, 3].map(sum));
});

it('counts a detection of nothing in each range whose bound its area is', async () => {
  const record = (bbox: readonly number[]) => ({ image_id: 1, category_id: 1, bbox, area: bbox[2]! * bbox[3]!, iscrowd: 0 });
  const [small, medium] = [record([0, 0, 20, 20]), record([50, 50, 50, 50])];
  const truth = CocoDataset.fromObject({
    images: [{ id: 1, width: 200, height: 200, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'thing' }],
    annotations: [{ ...small, id: 1 }, { ...medium, id: 2 }],
  });
  // 32² is the end of the small ones and the start of the medium ones: right after wrong, a precision of 1 / 2 in both.
  const nothing = record([150, 150, 32, 32]);
  const results = await truth.loadRes([{ ...small, score: 0.5 }, { ...medium, score: 0.5 }, { ...nothing, score: 0.9 }]);
  const { stats } = new CocoEval(truth, results, { iouType: 'bbox' }).summarize();
  // pycocotools 2.0.11
  expect(stats).toEqual([0.6666666666666666, 0.6666666666666669, 0.6666666666666669, 0.5, 0.5, -1, 0, 1, 1, 1, 1, -1]);
});
