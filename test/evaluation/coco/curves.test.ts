// Tables and curves drawn from an evaluation: worked by hand, and against the summary and slow loops on the stored problems.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { areaTable } from '../../../src/evaluation/coco/areaTable.ts';
import { classTable } from '../../../src/evaluation/coco/classTable.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';
import { recallCurves, scoreCurves } from '../../../src/evaluation/coco/precisionCurves.ts';
import { referenceFolder } from '../../reference.ts';
import { crowd, errorExample } from './errorExample.ts';

const mean = (values: Iterable<number>): number => {
  const found = [...values].filter((value) => value > -1);
  return found.length === 0 ? -1 : found.reduce((sum, value) => sum + value, 0) / found.length;
};

describe('classTable', () => {
  it('gives one row per class', async () => {
    const [cat, dog] = classTable(await errorExample(crowd));
    const half = expect.closeTo(51 / 101, 14) as number;
    expect(cat).toEqual({
      categoryId: 1, name: 'cat', objects: 2, detections: 6, ar: 0.5,
      ap: half, ap50: half, ap75: half, apBySize: { small: half, medium: -1, large: -1 },
    });
    expect(dog).toEqual({
      categoryId: 2, name: 'dog', objects: 2, detections: 1, ar: 0, ap: 0, ap50: 0, ap75: 0, apBySize: { small: 0, medium: -1, large: -1 },
    });
  });

  it('names a class of which there is nothing by its id', async () => {
    const rows = classTable(await errorExample({}, { iouType: 'bbox', categoryIds: [2, 77] }));
    expect(rows.map(({ name, objects, detections, ap, ar }) => [name, objects, detections, ap, ar])).toEqual([
      ['dog', 2, 1, 0, 0], ['77', 0, 0, -1, -1],
    ]);
  });

  it('has one row without classes', async () => {
    const rows = classTable(await errorExample({}, { iouType: 'bbox', useCats: false }));
    expect(rows).toMatchObject([{ categoryId: undefined, name: 'all', objects: 4, detections: 6, ar: 0.5 }]);
  });
});

describe('areaTable', () => {
  it('gives one row per range, also other ranges', async () => {
    const example = await errorExample(crowd, { iouType: 'bbox', areaRanges: [[0, 1e10], [0, 99], [100, 100]] });
    expect(areaTable(example)).toMatchObject([
      { label: '0-10000000000', objects: 4, ar: 0.25 },
      { label: '0-99', range: [0, 99], objects: 0, ap: -1, ap50: -1, ar: -1 },
      { label: '100-100', objects: 4, ar: 0.25 },
    ]);
  });

  it('takes the largest of maxDets', async () => {
    const example = await errorExample({}, { iouType: 'bbox', maxDets: [0, 1, 3], useCats: false });
    expect(areaTable(example)[0]).toMatchObject({ ar: 0.25, ap: expect.closeTo(26 / 101, 14) as number });
    expect(classTable(example)[0]).toMatchObject({ ar: 0.25, ap: expect.closeTo(26 / 101, 14) as number, detections: 3 });
  });
});

describe('recallCurves', () => {
  it('reads precision off at each recall', async () => {
    const curves = recallCurves(await errorExample());
    expect(curves.map(({ categoryId }) => categoryId)).toEqual([1, 2]);
    const [cat, dog] = curves;
    expect([...cat!.precision]).toEqual(Array.from({ length: 101 }, (_, i) => (i <= 50 ? expect.closeTo(1, 14) as number : 0)));
    expect([...cat!.scores]).toEqual(Array.from({ length: 101 }, (_, i) => (i <= 50 ? 0.9 : 0)));
    expect(cat!.recall[37]).toBeCloseTo(0.37, 14);
    expect(Math.max(...dog!.precision)).toBe(0);
  });

  it('takes any of the IoU thresholds, and names what it does not have', async () => {
    const example = await errorExample();
    for (const iou of [0.55, 0.6, 0.65, 0.7, 0.9, 0.95]) expect(recallCurves(example, { iou }).length).toBe(2);
    expect(() => recallCurves(example, { iou: 0.52 })).toThrow('recallCurves: expected one of 0.5, 0.55');
    expect(() => recallCurves(example, { area: 'tiny' })).toThrow('expected one of all, small, medium, large for area, got tiny');
    expect(() => recallCurves(example, { maxDets: 50 })).toThrow('expected one of 1, 10, 100 for maxDets, got 50');
  });
});

describe('curves of some sizes, limits and classes', () => {
  it('are there for the classes that have objects of that size alone', async () => {
    const large = { id: 6, image_id: 7, category_id: 2, iscrowd: 0, bbox: [0, 0, 40, 40], area: 1600 };
    const example = await errorExample({ objects: [large] });
    expect(recallCurves(example, { area: 'medium' }).map(({ categoryId }) => categoryId)).toEqual([2]);
    expect(recallCurves(example, { area: 'large' })).toEqual([]);
    expect(scoreCurves(example, { area: 'medium' }).map(({ categoryId }) => categoryId)).toEqual([2]);
    expect(scoreCurves(example, { area: 'large' })).toEqual([]);
    expect(() => scoreCurves(example, { area: 'tiny' }))
      .toThrow('scoreCurves: expected one of all, small, medium, large for area, got tiny');
  });

  it('take the largest limit where none is told, or the one that is', async () => {
    // Of five equally good detections of B the evaluation looks at two of the photo's best, or at all.
    const found = { image_id: 7, category_id: 1, bbox: [20, 0, 10, 10] };
    const detections = [0.65, 0.64, 0.63, 0.62].map((score) => ({ ...found, score }));
    const example = await errorExample({ detections }, { iouType: 'bbox', maxDets: [1, 2, 4] });
    const highest = (curve: { recall: Float64Array; precision: Float64Array }) =>
      Math.max(...curve.recall.filter((_, i) => curve.precision[i]! > 0));
    for (const [maxDets, recall] of [[2, 0.5], [undefined, 1], [4, 1], [2, 0.5], [1, 0.5]] as const) {
      expect(highest(recallCurves(example, maxDets === undefined ? {} : { maxDets })[0]!), `${maxDets}`).toBe(recall);
    }
    expect(scoreCurves(example)[0]!.scores).toEqual(Float64Array.of(0.9, 0.8, 0.7, 0.65));
    expect(scoreCurves(example, { maxDets: 3 })[0]!.scores).toEqual(Float64Array.of(0.9, 0.8, 0.7));
  });

  it('match from an IoU of 0.5 on where none is told', async () => {
    const near = { image_id: 7, category_id: 1, score: 0.85, bbox: [23, 0, 10, 10] }; // 7 / 13 of B
    const example = await errorExample({ detections: [near] });
    expect([{}, { iou: 0.5 }, { iou: 0.55 }].map((options) => scoreCurves(example, options)[0]!.recall[1])).toEqual([1, 1, 0.5]);
  });

  it('are there with one recall and one threshold', async () => {
    const example = await errorExample({}, { iouType: 'bbox', recallThresholds: [0.5], iouThresholds: [0.5] });
    expect(recallCurves(example).map(({ precision }) => [...precision])).toEqual([[expect.closeTo(1, 14)], [0]]);
  });

  it('are made for the classes that have objects', async () => {
    const { truth, detections } = await errorExample();
    const categories = [{ id: 0, name: 'ant' }, ...truth.categories, { id: 9, name: 'bee' }];
    const file = { images: truth.loadImgs([7]), annotations: truth.loadAnns([3, 4]), categories }; // dogs
    const dataset = CocoDataset.fromObject(file);
    const results = await dataset.loadRes(detections.loadAnns(detections.getAnnIds()));
    const curves = new CocoEval(dataset, results, { iouType: 'bbox' }).accumulate();
    expect([...curves.classes]).toEqual([2]);
    expect([...curves.places]).toEqual([-1, -1, 0, -1]);
    const [T, R, K, A, M] = curves.shape;
    expect([T, R, K, A, M]).toEqual([10, 101, 4, 4, 3]);
    const ofClass = (values: Float64Array, rows: number, k: number) =>
      Array.from({ length: rows * A * M }, (_, i) => values[(Math.floor(i / (A * M)) * K + k) * A * M + i % (A * M)]!);
    for (const [kind, rows] of [['precision', T * R], ['scores', T * R], ['recall', T]] as const) {
      for (const k of [0, 1, 3]) expect(new Set(ofClass(curves[kind], rows, k))).toEqual(new Set([-1]));
      expect(ofClass(curves[kind], rows, 2)).toEqual([...curves.ofClasses[kind]]);
    }
  });

  it('are one without classes', async () => {
    const example = await errorExample({}, { iouType: 'bbox', useCats: false });
    expect(recallCurves(example).map(({ categoryId }) => categoryId)).toEqual([undefined]);
    const [all] = scoreCurves(example);
    expect([all!.categoryId, [...all!.recall]]).toEqual([undefined, [1 / 4, 1 / 4, 1 / 4, 2 / 4, 2 / 4, 2 / 4]]);
    expect(all!.best).toBe(3);
  });

  it('have the best where F1 is highest', async () => {
    const twin = { image_id: 7, category_id: 1, score: 0.85, bbox: [20, 0, 10, 10] };
    const [cat] = scoreCurves(await errorExample({ detections: [twin] }));
    expect([...cat!.f1.slice(0, 3)]).toEqual([2 / 3, 1, 4 / 5]);
    expect(cat!.best).toBe(1);
  });
});

describe('scoreCurves', () => {
  it('gives precision, recall and F1 from each score on', async () => {
    const [cat, dog] = scoreCurves(await errorExample(crowd));
    expect([...cat!.scores]).toEqual([0.9, 0.8, 0.7, 0.6, 0.4]);
    expect([...cat!.precision]).toEqual([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]);
    expect([...cat!.recall]).toEqual([1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 2]);
    expect([...cat!.f1]).toEqual([2 / 3, 2 / 4, 2 / 5, 2 / 6, 2 / 7]);
    expect(cat!.best).toBe(0);
    expect([...dog!.f1]).toEqual([0]);
  });

  it('makes one point of equal scores', async () => {
    const twin = { image_id: 7, category_id: 1, score: 0.9, bbox: [20, 0, 10, 10] };
    const [cat] = scoreCurves(await errorExample({ detections: [twin] }));
    expect([cat!.scores[0], cat!.precision[0], cat!.recall[0]]).toEqual([0.9, 1, 1]);
  });

  it('counts the best of each photo alone', async () => {
    const [cat] = scoreCurves(await errorExample(), { maxDets: 2 });
    expect([...cat!.scores]).toEqual([0.9, 0.8]);
  });

  it('has no best where there are no detections', async () => {
    const example = await errorExample({}, { iouType: 'bbox', maxDets: [0] });
    expect(scoreCurves(example).map(({ best, scores }) => [best, scores.length])).toEqual([[-1, 0], [-1, 0]]);
  });
});

describe('tables and curves of the stored problems', () => {
  async function evaluate(name: string, options: CocoOptions): Promise<CocoEval> {
    const truth = await CocoDataset.open(path.join(referenceFolder, `coco/${name}_gt.json`));
    return new CocoEval(truth, await truth.loadRes(path.join(referenceFolder, `coco/${name}_dt.json`)), options);
  }

  it.each([['p1', 'bbox'], ['p3', 'segm'], ['p5', 'bbox']] as const)('agree with the summary of %s, %s', async (name, iouType) => {
    const evaluation = await evaluate(name, { iouType });
    const { stats } = evaluation.summarize();
    const rows = classTable(evaluation);
    const means = [
      mean(rows.map(({ ap }) => ap)), mean(rows.map(({ ap50 }) => ap50)), mean(rows.map(({ ap75 }) => ap75)),
      ...['small', 'medium', 'large'].map((size) => mean(rows.map(({ apBySize }) => apBySize[size]!))),
    ];
    means.forEach((value, i) => expect(value).toBeCloseTo(stats[i]!, 12));
    expect(mean(rows.map(({ ar }) => ar))).toBeCloseTo(stats[8]!, 12);
    const areas = areaTable(evaluation);
    expect(areas.map(({ ap }) => ap)).toEqual([stats[0], ...stats.slice(3, 6)]);
    expect(areas.map(({ ar }) => ar)).toEqual(stats.slice(8));
    expect(areas[0]!.ap50).toBe(stats[1]);
    expect(mean(recallCurves(evaluation).map(({ precision }) => mean(precision)))).toBeCloseTo(stats[1]!, 12);
  });

  it.each([['p1', 0.5], ['p3', 0.75], ['p5', 0.5]] as const)('count as a loop over matches counts: %s at IoU %d', async (name, iou) => {
    const evaluation = await evaluate(name, { iouType: 'bbox' });
    const { imageIds, categoryIds, iouThresholds } = evaluation.parameters;
    const curves = scoreCurves(evaluation, { iou });
    const t = iouThresholds.indexOf(iou);
    for (const categoryId of categoryIds) {
      const detections: { score: number; right: boolean }[] = [];
      let truths = 0;
      for (const imageId of imageIds) {
        const cell = evaluation.matchesOf(imageId, categoryId);
        if (!cell) continue;
        truths += cell.truthIgnored.filter((ignored) => ignored === 0).length;
        cell.scores.forEach((score, d) => {
          const at = t * cell.scores.length + d;
          if (cell.detectionIgnored[at] === 0) detections.push({ score, right: cell.detectionMatches[at] !== 0 });
        });
      }
      const curve = curves.find((each) => each.categoryId === categoryId);
      expect(curve !== undefined).toBe(truths > 0);
      curve?.scores.forEach((from, i) => {
        const counted = detections.filter(({ score }) => score >= from);
        const right = counted.filter((detection) => detection.right).length;
        expect(curve.precision[i]).toBe(right / counted.length);
        expect(curve.recall[i]).toBe(right / truths);
        expect(curve.f1[i]).toBeCloseTo(right === 0 ? 0 : 2 / (counted.length / right + truths / right), 12);
      });
      expect(new Set(curve?.scores)).toEqual(new Set(curve ? detections.map(({ score }) => score) : []));
    }
  });
});
