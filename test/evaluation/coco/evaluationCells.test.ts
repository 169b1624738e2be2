import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';

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
  expect(() => evaluation.matchesOf(7, 2, 'tiny')).toThrow('CocoEval.matchesOf: expected one of all, small, medium, large for area, got tiny');
  expect(evaluation.matchesOf(7, 2, 'medium')!.truthIgnored).toEqual(Uint8Array.of(1));
  expect(found).toEqual(['7 2: 2 ', '7 8: 3 ', '19 2:  0.5', '19 5: 4 ', '40 5: 1 ']);
});

describe('annotations with the same id', () => {
  const images = [40, 7, 19].map((id) => ({ id, width: 99, height: 99, file_name: `${id}.jpg` }));
  const categories = [5, 2].map((id) => ({ id, name: `${id}` }));
  const record = (id: number, image: number, category: number, x: number) =>
    ({ id, image_id: image, category_id: category, bbox: [x, 0, 10, 10], area: 100, iscrowd: 0, score: x / 100 });
  const cellsOf = (truths: CocoAnnotation[], detected: CocoAnnotation[], options: Partial<CocoOptions> = {}) => {
    const [truth, detections] = [truths, detected]
      .map((annotations) => CocoDataset.fromObject({ images, categories, annotations }));
    const evaluation = new CocoEval(truth!, detections!, { iouType: 'bbox', ...options });
    const { cells } = evaluation.evaluation;
    return { truths: [...cells.truths], detections: [...cells.detections], evaluation };
  };

  it('stand for the last of them, photo by photo; those of other photos and classes are left out', () => {
    // Rows 0 and 3 share an id; 4 is of a photo, 5 of a class that is not evaluated.
    const known = [record(1, 40, 5, 0), record(2, 7, 5, 10), record(3, 19, 2, 20), record(1, 40, 5, 30)];
    const twice = [...known, record(9, 8, 5, 40), record(8, 7, 6, 50)];
    expect(cellsOf(twice, [record(1, 7, 2, 0)]).truths).toEqual([2, 1, 3, 3]);
    expect(cellsOf(twice, [record(1, 7, 2, 0)], { useCats: false }).truths).toEqual([1, 2, 3, 3]);
    expect(cellsOf(twice, [record(1, 7, 2, 0)], { imageIds: [40, 19] }).truths).toEqual([2, 3, 3]);
    expect(cellsOf(twice, [record(1, 7, 2, 0)], { categoryIds: [5] }).truths).toEqual([1, 3, 3]);
    // A row whose id's last row is of a photo that is not evaluated stands for that one, which is in no cell.
    expect(cellsOf([record(1, 40, 5, 0), record(1, 8, 5, 10), record(2, 40, 5, 20)], [record(1, 7, 2, 0)]).truths).toEqual([2]);
  });

  it('are asked for by their own photo and class, whatever those of the last', () => {
    const detected = [record(1, 7, 2, 0)];
    expect(cellsOf([record(1, 8, 5, 0), record(1, 40, 5, 10)], detected).truths).toEqual([1]);
    expect(cellsOf([record(1, 40, 6, 0), record(1, 40, 5, 10)], detected).truths).toEqual([1]);
    expect(cellsOf([record(1, 40, 6, 0), record(1, 40, 5, 10)], detected, { useCats: false }).truths).toEqual([1, 1]);
    expect(cellsOf([record(1, 40, 2, 0), record(1, 7, 5, 10)], detected).truths).toEqual([1, 1]);
  });

  it('are the same for detections', () => {
    const twice = [record(4, 40, 5, 90), record(5, 7, 5, 30), record(4, 40, 5, 20)];
    const { detections, evaluation } = cellsOf([record(1, 40, 5, 90)], twice);
    expect(detections).toEqual([1, 2, 2]);
    expect(evaluation.summarize().stats[0]).toBe(0); // the one that covers the object is gone
    expect(cellsOf([record(1, 40, 5, 90)], twice.slice(0, 2)).evaluation.summarize().stats[0]).toBeCloseTo(1, 12);
  });

  it('must be there, and scores too', () => {
    const without = (key: 'id' | 'score') => ({ ...record(3, 7, 5, 0), [key]: undefined });
    const fine = record(1, 7, 5, 0);
    expect(() => cellsOf([fine, without('id')], [fine])).toThrow('got none in the ground truth at annotations[1]');
    expect(() => cellsOf([fine], [without('id')])).toThrow('got none in the detections at annotations[0]');
    expect(() => cellsOf([fine], [fine, without('score')])).toThrow('expected a score for each detection, got none for detection 3');
    expect(() => cellsOf([fine], [without('score')])).toThrow('got none for detection 3');
  });
});

it('keeps as many detections of a photo and class as the largest limit, and ranks all of a class', async () => {
  const images = [1, 2].map((id) => ({ id, width: 99, height: 99, file_name: `${id}.jpg` }));
  const truth = CocoDataset.fromObject({ images, categories: [{ id: 1, name: 'a' }], annotations: [] });
  const scores = [[1, 0.2], [2, 0.9], [1, 0.8], [2, 0.1], [1, 0.8], [2, 0.5]] as const;
  const found = { category_id: 1, bbox: [0, 0, 1, 1] };
  const results = await truth.loadRes(scores.map(([image_id, score]) => ({ ...found, image_id, score })));
  const { evaluation: { cells } } = new CocoEval(truth, results, { iouType: 'bbox', maxDets: [1, 1, 2] });
  expect([...cells.detections]).toEqual([2, 4, 1, 5]);
  expect([...cells.ranks]).toEqual([0, 1, 0, 1]);
  expect([...cells.ranking]).toEqual([2, 0, 1, 3]);
  expect([...cells.rankingStarts]).toEqual([0, 4]);
});
