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
