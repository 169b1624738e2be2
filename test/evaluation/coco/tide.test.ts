import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoFile } from '../../../src/data/coco/records.ts';
import { ConfigError } from '../../../src/errors.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { tide } from '../../../src/evaluation/coco/tide.ts';
import { referenceFolder } from '../../reference.ts';
import { crowd, errorExample } from './errorExample.ts';
import { expectTidecv, type TidecvResult } from './tidecvResult.ts';
import { tideProblem } from './tideProblem.ts';

describe('tide', () => {
  it('names each error of an example worked by hand', async () => {
    const { ap, errors, falsePositives, falseNegatives } = tide(await errorExample());
    const kinds = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'];
    expect(Object.entries(errors).map(([kind, { count }]) => [kind, count])).toEqual(kinds.map((kind) => [kind, 1]));
    // Cats: one of two found, before anything wrong; precision is 1 up to recall 0.5. Dogs: none.
    expect(ap).toBeCloseTo(51 / 101 / 2, 14);
    // C is found as a dog, with the highest score.
    expect(errors.classification.dAp).toBeCloseTo(51 / 101 / 2, 14);
    // B is found behind the duplicate: two right among three.
    expect(errors.localisation.dAp).toBeCloseTo((50 * 2 / 3) / 101 / 2, 14);
    for (const kind of ['both', 'duplicate', 'background', 'missed'] as const) expect(errors[kind].dAp).toBe(0);
    expect(falsePositives).toBeCloseTo(0, 14);
    expect(falseNegatives).toBeCloseTo(0.5 - ap, 14);
  });

  it('leaves out detections in a crowd of their class', async () => {
    const [without, within] = [tide(await errorExample()), tide(await errorExample(crowd))];
    expect(within.ap).toBe(without.ap);
    // tidecv counts it as background all the same.
    expect(within.errors.background).toEqual({ dAp: 0, count: 2 });
    const alone = tide(await errorExample({ detections: crowd.detections }));
    expect(alone.ap).toBeLessThan(without.ap);
  });

  it('counts a photo that is listed twice once, and the last of objects with the same id', async () => {
    const { truth, detections } = await errorExample();
    const file = (more: Partial<CocoFile>): CocoFile => ({
      images: truth.loadImgs([7]), categories: [...truth.categories], annotations: truth.loadAnns(truth.getAnnIds()), ...more,
    });
    const results = detections.loadAnns(detections.getAnnIds());
    const evaluate = async (truthFile: CocoFile) => {
      const dataset = CocoDataset.fromObject(truthFile);
      return tide(new CocoEval(dataset, await dataset.loadRes(results), { iouType: 'bbox' }));
    };
    const expected = tide(await errorExample());
    expect(await evaluate(file({ images: truth.loadImgs([7, 7]) }))).toEqual(expected);
    // A stands in D's place, too: nobody misses D, and the duplicate finds the second A.
    const [d, ...others] = truth.loadAnns([4, 2, 3, 1]);
    const twice = await evaluate(file({ annotations: [{ ...d!, id: 1 }, ...others] }));
    expect(twice.errors.duplicate.count).toBe(0);
    expect(twice.errors.missed.count).toBe(0);
  });

  it('takes other thresholds', async () => {
    const { errors } = tide(await errorExample(), { iou: 0.3 });
    expect(errors.localisation.count).toBe(0);
    expect(errors.classification.count).toBe(2); // the detection near D would do for a dog
    expect(tide(await errorExample(), { maxDets: 3 }).errors.missed.count).toBe(2);
  });

  it('looks at the best 100 detections of a photo', async () => {
    const nothing = (count: number) => Array.from({ length: count }, (_, i) =>
      ({ image_id: 7, category_id: 2, score: 0.95 + i / 1e4, bbox: [80, 80, 5, 5] }));
    const { errors, ap } = tide(await errorExample({ detections: nothing(99) }));
    expect([errors.background.count, errors.duplicate.count, ap]).toEqual([99, 0, expect.closeTo(51 / 101 / 2, 14)]);
    const example = await errorExample({ detections: nothing(100) });
    expect(tide(example)).toMatchObject({ ap: 0, errors: { background: { count: 100 } } });
    expect(tide(example, { maxDets: 101 }).ap).toBeCloseTo(51 / 101 / 2, 14);
  });

  it('takes photos that are evaluated alone', async () => {
    const { truth, detections } = await errorExample();
    const file = { images: [...truth.loadImgs([7]), { id: 8, width: 9, height: 9, file_name: '8.jpg' }], categories: [...truth.categories] };
    const annotations = truth.loadAnns(truth.getAnnIds());
    const another = { ...annotations[0]!, id: 9, image_id: 8 };
    const dataset = CocoDataset.fromObject({ ...file, annotations: [...annotations, another] });
    const results = await dataset.loadRes(detections.loadAnns(detections.getAnnIds()));
    const evaluate = (imageIds?: number[]) => tide(new CocoEval(dataset, results, { iouType: 'bbox', ...imageIds && { imageIds } }));
    expect(evaluate([7])).toEqual(tide(await errorExample()));
    expect(evaluate().errors.missed.count).toBe(2);
  });

  it('calls a poor box what covers a found object just enough', async () => {
    const half = { image_id: 7, category_id: 1, score: 0.3, bbox: [0, 0, 10, 5] };
    const { errors } = tide(await errorExample({ detections: [half] }));
    expect([errors.localisation.count, errors.duplicate.count]).toEqual([2, 1]);
  });

  it('judges what lies on a limit as tidecv does', async () => {
    // One object of each class, detections that cover exactly 0.1 or 0.5 of one.
    const kinds = async (category_id: number, height: number) => {
      const truth = CocoDataset.fromObject({
        images: [{ id: 1, width: 99, height: 99, file_name: '1.jpg' }], categories: [1, 2].map((id) => ({ id, name: `${id}` })),
        annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 },
          { id: 2, image_id: 1, category_id: 2, bbox: [50, 0, 10, 10], area: 100, iscrowd: 0 }],
      });
      const results = await truth.loadRes([{ image_id: 1, category_id, score: 0.9, bbox: [0, 0, 10, height] }]);
      const { errors } = tide(new CocoEval(truth, results, { iouType: 'bbox' }));
      return Object.entries(errors).flatMap(([kind, { count }]) => (count > 0 && kind !== 'missed' ? [kind] : []));
    };
    expect(await kinds(1, 1)).toEqual(['localisation']);
    expect(await kinds(1, 0.9)).toEqual(['background']);
    expect(await kinds(2, 1)).toEqual(['background']);
    expect(await kinds(2, 1.1)).toEqual(['both']);
    expect(await kinds(2, 5)).toEqual(['classification']);
    expect(await kinds(2, 4.9)).toEqual(['both']);
    expect(await kinds(1, 5)).toEqual([]); // it finds the object
  });

  it('leaves out what lies in a crowd of its class by more than half', async () => {
    const record = { image_id: 1, category_id: 1, iscrowd: 0 };
    const ap = async (crowdHeight: number) => {
      const truth = CocoDataset.fromObject({
        images: [{ id: 1, width: 99, height: 99, file_name: '1.jpg' }], categories: [{ id: 1, name: 'thing' }],
        annotations: [{ ...record, id: 1, bbox: [50, 0, 10, 10], area: 100 },
          { ...record, id: 2, bbox: [0, 0, 10, crowdHeight], area: 10 * crowdHeight, iscrowd: 1 }],
      });
      const wrong = { ...record, score: 0.9, bbox: [0, 0, 10, 10] };
      const results = await truth.loadRes([wrong, { ...record, score: 0.5, bbox: [50, 0, 10, 10] }]);
      return tide(new CocoEval(truth, results, { iouType: 'bbox' })).ap;
    };
    expect(await ap(5)).toBeCloseTo(1 / 2, 14); // the wrong one counts
    expect(await ap(5.5)).toBeCloseTo(1, 14);
  });

  it('gives the first of equally covered objects to a wrong class', async () => {
    const bbox = [0, 0, 10, 10];
    const truth = CocoDataset.fromObject({
      images: [{ id: 1, width: 20, height: 20, file_name: '1.jpg' }],
      categories: [1, 2, 3].map((id) => ({ id, name: `${id}` })),
      annotations: [3, 2].map((category_id, i) => ({ id: i + 1, image_id: 1, category_id, bbox, area: 100, iscrowd: 0 })),
    });
    const results = await truth.loadRes([
      { image_id: 1, category_id: 1, score: 0.9, bbox },
      { image_id: 1, category_id: 2, score: 0.95, bbox: [0, 0, 10, 4] },
      { image_id: 1, category_id: 2, score: 0.4, bbox: [15, 15, 1, 1] },
    ]);
    const { ap, errors } = tide(new CocoEval(truth, results, { iouType: 'bbox' }));
    expect(ap).toBe(0);
    // The detection becomes one of class 3, whose only object it finds; class 1 is gone, class 2 still finds nothing.
    expect(errors.classification).toEqual({ dAp: 0.5, count: 1 });
  });

  it('rejects what it cannot work with', async () => {
    const people = await errorExample({}, { iouType: 'keypoints' });
    expect(() => tide(people)).toThrow(ConfigError);
    const example = await errorExample();
    for (const [iou, backgroundIou] of [[0.1, 0.1], [0.3, 0.5], [0.5, 0], [1.5, 0.1], [NaN, 0.1], [0.5, -0.1]] as const) {
      expect(() => tide(example, { iou, backgroundIou })).toThrow(ConfigError);
      expect(() => tide(example, { iou, backgroundIou })).toThrow(`tide: expected 0 < backgroundIou < iou <= 1, got ${backgroundIou} and ${iou}`);
    }
    expect(() => tide(example, { iou: 1, backgroundIou: 0.001 })).not.toThrow();
  });
});

interface Fixture {
  readonly problems: readonly (TidecvResult & { readonly truth: string; readonly detections: string; readonly iouType: 'bbox' | 'segm' })[];
}

describe('tide against tidecv 1.0.1', () => {
  const { problems } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../fixtures/tide.json'), 'utf8')) as Fixture;
  it.each(problems)('$detections, $iouType', async ({ truth, detections, iouType, ...expected }) => {
    const dataset = await CocoDataset.open(path.join(referenceFolder, truth));
    const results = await dataset.loadRes(path.join(referenceFolder, detections));
    expectTidecv(tide(new CocoEval(dataset, results, { iouType })), expected);
  });

  const answers = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../fixtures/tide_random.json'), 'utf8')) as
    Readonly<Record<'bbox' | 'segm', readonly (TidecvResult | null)[]>>;
  const tens = (['bbox', 'segm'] as const).flatMap((iouType) =>
    Array.from({ length: answers[iouType].length / 10 }, (_, i) => [iouType, 10 * i] as const));
  it.each(tens)('gives its numbers for random problems, as tide.slow.test.ts keeps them: %s, from seed %i', async (iouType, first) => {
    for (const [i, answer] of answers[iouType].slice(first, first + 10).entries()) {
      if (!answer) continue;
      const { truth, results } = tideProblem(iouType, first + i)!;
      const dataset = CocoDataset.fromObject(truth);
      expectTidecv(tide(new CocoEval(dataset, await dataset.loadRes(results), { iouType })), answer);
    }
  });
});
