import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CellMatcher } from '../../../src/evaluation/coco/cellMatcher.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { Rng } from '../../../src/random/rng.ts';

/** Photos full of boxes, and the same boxes a little to the side. */
async function crowded(photos: number, objects: number) {
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
  return { images, truth, detections: await truth.loadRes(results) };
}

it('labels an evaluation too large for one batch as it labels its photos alone', async () => {
  const [photos, objects] = [30, 200]; // 1.2 million pairs
  const { images, truth, detections } = await crowded(photos, objects);
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

it('matches cells of one batch and of the next, in an order that goes back and forth', async () => {
  const objects = 600; // of three photos two fit into a batch
  const { truth, detections } = await crowded(3, objects);
  const options = { iouType: 'bbox', maxDets: [objects], iouThresholds: [0.5], areaRanges: [[0, 1e10]] } as const;
  const matcher = new CellMatcher(new CocoEval(truth, detections, options).evaluation);
  const labelled = matcher.label();
  for (const cell of [2, 0, 1, 2]) {
    const alone = new CellMatcher(new CocoEval(truth, detections, { ...options, imageIds: [cell + 1] }).evaluation);
    const [own, expected] = [matcher.match(cell, 0), alone.match(0, 0)];
    expect(own.matches, `${cell}`).toEqual(expected.matches);
    expect(own.ignored, `${cell}`).toEqual(expected.ignored);
    const states = ({ state }: typeof own) => Array.from({ length: objects }, (_, d) => state(d, 0));
    expect(states(own), `${cell}`).toEqual(states(expected));
    expect(new Set(own.matches).size).toBeGreaterThan(300);
  }
  expect(matcher.label()).toEqual(labelled);
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

it('gives the matches and marks of one cell, whichever it was before', async () => {
  const record = (image: number, x: number, iscrowd = 0) =>
    ({ image_id: image, category_id: 1, bbox: [x, 0, 10, 10], area: 100, iscrowd });
  const truth = CocoDataset.fromObject({
    images: [1, 2].map((id) => ({ id, width: 99, height: 99, file_name: `${id}.jpg` })), categories: [{ id: 1, name: 'thing' }],
    annotations: [record(1, 0), record(1, 20, 1), record(1, 40), record(2, 0), record(2, 50)]
      .map((one, i) => ({ ...one, id: i + 1 })),
  });
  const results = await truth.loadRes([
    { ...record(1, 40), score: 0.9 }, { ...record(2, 50), score: 0.8 }, { ...record(2, 2), score: 0.7 },
    { ...record(2, 80), score: 0.6 },
  ]);
  const iouThresholds = [0.5, 0.9];
  const matcher = new CellMatcher(new CocoEval(truth, results, { iouType: 'bbox', iouThresholds }).evaluation);
  for (let time = 0; time < 2; time++) {
    const second = matcher.match(1, 0);
    expect([...second.matches]).toEqual([1, 0, -1, 1, -1, -1]);
    expect([...second.ignored]).toEqual([0, 0]);
    expect([0, 1, 2].map((d) => [0, 1].map((t) => second.state(d, t)))).toEqual([[1, 1], [1, 0], [0, 0]]);
    const first = matcher.match(0, 0);
    expect([...first.matches]).toEqual([2, 2]);
    expect([...first.ignored]).toEqual([0, 1, 0]);
    expect([...matcher.match(0, 2).ignored]).toEqual([1, 1, 1]); // none is of medium size
  }
});

it('names the object without an area', async () => {
  const record = { image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], iscrowd: 0 };
  const truth = CocoDataset.fromObject({
    images: [{ id: 1, width: 99, height: 99, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'thing' }],
    annotations: [{ ...record, id: 4, area: 100 }, { ...record, id: 6 }],
  });
  const results = await truth.loadRes([{ ...record, score: 0.5 }]);
  expect(() => new CocoEval(truth, results, { iouType: 'bbox' }).evaluate()).toThrow('expected an area for object 6, got none');
});

const thing = { images: [{ id: 1, width: 99, height: 99, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'thing' }] };
const square = { image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 };

it('takes an IoU of nearly 1 for a threshold of 1', async () => {
  const truth = CocoDataset.fromObject({ ...thing, annotations: [{ ...square, id: 1 }] });
  const recall = async (height: number) => {
    const results = await truth.loadRes([{ ...square, bbox: [0, 0, 10, height], score: 0.5 }]);
    return new CocoEval(truth, results, { iouType: 'bbox', iouThresholds: [1] }).summarize().stats[8];
  };
  expect([await recall(10), await recall(10 - 1e-10), await recall(10 - 1e-8)]).toEqual([1, 1, 0]);
});

it('lets an object be found again that a detection with id 0 has found, as in pycocotools', () => {
  const truth = CocoDataset.fromObject({ ...thing, annotations: [{ ...square, id: 1 }] });
  const states = (ids: readonly [number, number]) => {
    const annotations = ids.map((id, i) => ({ ...square, id, score: i === 0 ? 0.5 : 0.9 }));
    const { evaluation } = new CocoEval(truth, CocoDataset.fromObject({ ...thing, annotations }), { iouType: 'bbox', iouThresholds: [0.5] });
    const { state } = new CellMatcher(evaluation).match(0, 0);
    return [state(0, 0), state(1, 0)]; // best first: the second of the file
  };
  expect(states([5, 0])).toEqual([1, 1]);
  expect(states([0, 5])).toEqual([1, 0]);
});

it('names the object and the detection without a box', () => {
  const without = (id: number) => ({ image_id: 1, category_id: 1, area: 100, iscrowd: 0, id, score: 0.5 });
  const evaluate = (truths: CocoAnnotation[], detected: CocoAnnotation[]) => () =>
    new CocoEval(CocoDataset.fromObject({ ...thing, annotations: truths }), CocoDataset.fromObject({ ...thing, annotations: detected }), { iouType: 'bbox' }).evaluate();
  const fine = { ...square, id: 1, score: 0.5 };
  expect(evaluate([fine, without(4)], [fine])).toThrow('expected a bbox of four numbers for object 4, got none');
  expect(evaluate([fine], [fine, without(6)])).toThrow('expected a bbox of four numbers for detection 6, got none');
});

it('takes the areas of masks for boxes too', async () => {
  const truth = CocoDataset.fromObject({ ...thing, annotations: [{ ...square, id: 1 }] });
  const segmentation = { size: [99, 99] as [number, number], counts: [0, 10, 89, 10, 89, 10, 99 * 99 - 208] };
  const results = await truth.loadRes([{ image_id: 1, category_id: 1, score: 0.5, segmentation }]);
  const { ious } = new CocoEval(truth, results, { iouType: 'bbox' }).evaluation;
  expect([[...ious.detectionAreas], [...ious.values]]).toEqual([[30], [0.3]]);
});

it('tells matches with the objects to be ignored last, overlaps in their order', async () => {
  const at = (x: number, iscrowd: number) => ({ ...square, bbox: [x, 0, 10, 10], iscrowd });
  const annotations = [at(0, 1), at(20, 0), at(40, 1), at(60, 0)].map((one, i) => ({ ...one, id: i + 1 }));
  const truth = CocoDataset.fromObject({ ...thing, annotations });
  const results = await truth.loadRes([{ ...at(60, 0), score: 0.5 }, { ...at(5, 0), score: 0.7 }, { ...at(20, 0), score: 0.9 }]);
  const matches = new CocoEval(truth, results, { iouType: 'bbox', iouThresholds: [0.5] }).matchesOf(1, 1)!;
  expect([[...matches.truthIds], [...matches.truthIgnored]]).toEqual([[2, 4, 1, 3], [0, 0, 1, 1]]);
  expect([...matches.detectionIds]).toEqual([3, 2, 1]);
  expect([...matches.ious]).toEqual([1, 0, 0, 0, 0, 0, 0.5, 0, 0, 1, 0, 0]);
  expect([...matches.detectionMatches]).toEqual([2, 1, 4]);
  expect([...matches.detectionIgnored]).toEqual([0, 1, 0]);
  expect([...matches.truthMatches]).toEqual([3, 1, 2, 0]);
});
