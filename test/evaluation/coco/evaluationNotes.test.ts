import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { IouType } from '../../../src/evaluation/coco/cocoParameters.ts';
import { evaluationNotes } from '../../../src/evaluation/coco/evaluationNotes.ts';

const images = [{ id: 1, width: 100, height: 100, file_name: 'a.jpg' }];
const place = { image_id: 1, category_id: 1, bbox: [10, 10, 40, 40] };
const square = { ...place, area: 1600, iscrowd: 0, segmentation: [[10, 10, 50, 10, 50, 50, 10, 50]] };
const result = { ...place, score: 0.9 };
const mask = { size: [100, 100] as const, counts: [1000, 4000, 5000] };

async function evaluate(
  annotations: CocoAnnotation[], results: CocoAnnotation[], iouType: IouType, isText = false,
): Promise<CocoEval> {
  const truth = CocoDataset.fromObject({ images, categories: [{ id: 1, name: 'cat' }], annotations });
  return new CocoEval(truth, await truth.loadRes(isText ? Buffer.from(JSON.stringify(results)) : results), { iouType });
}

it('has nothing to say of a sound evaluation', async () => {
  expect(evaluationNotes(await evaluate([{ ...square, id: 1 }, { ...square, id: 2 }], [result], 'bbox'))).toEqual([]);
  expect(evaluationNotes(await evaluate([{ ...square, id: 1 }], [{ ...result, segmentation: mask }], 'segm'))).toEqual([]);
});

it('says that an object with id 0 counts as not found', async () => {
  const evaluation = await evaluate([{ ...square, id: 0 }], [result], 'bbox');
  expect(evaluation.summarize().stats[0]).toBe(0); // as pycocotools
  expect(evaluationNotes(evaluation)).toEqual([expect.stringMatching(/^1 of the objects has annotation id 0, which counts as not found .*TIDE/)]);
});

it('says how many objects the last one with their id stands for', async () => {
  const evaluation = await evaluate([3, 4, 3, 3].map((id) => ({ ...square, id })), [result], 'bbox');
  expect(evaluationNotes(evaluation)).toEqual([expect.stringMatching(/^2 of the objects have the id of a later annotation/)]);
});

it.each([false, true])('says how many rectangles stand for masks (results as text: %s)', async (isText) => {
  const results = [result, { ...result, segmentation: mask }, result];
  expect(evaluationNotes(await evaluate([{ ...square, id: 1 }], results, 'segm', isText)))
    .toEqual(['2 of the 3 results hold no mask: the rectangle of the box was compared instead, as pycocotools does']);
  expect(evaluationNotes(await evaluate([{ ...square, id: 1 }], results, 'bbox', isText))).toEqual([]);
});

it('says it of one and of several, and of none without classes', async () => {
  const notes = async (ids: number[], results: CocoAnnotation[], iouType: IouType, useCats = true) => {
    const { truth, detections } = await evaluate(ids.map((id) => ({ ...square, id })), results, iouType);
    return evaluationNotes(new CocoEval(truth, detections, { iouType, useCats }));
  };
  expect(await notes([0, 0], [result], 'bbox')).toEqual([
    expect.stringMatching(/^2 of the objects have annotation id 0, /),
    expect.stringMatching(/^1 of the objects has the id of a later annotation, which stands for it here, as in pycocotools: /),
  ]);
  expect(await notes([3, 3, 3], [result], 'bbox')).toEqual([
    expect.stringMatching(/^2 of the objects have the id of a later annotation, which stands for them here, /),
  ]);
  expect(await notes([3, 3, 3], [result], 'bbox', false)).toEqual([]);
  const { truth } = await evaluate([{ ...square, id: 3 }], [result], 'segm');
  const itself = new CocoEval(truth, CocoDataset.fromObject({ images, annotations: [{ ...square, id: 3, score: 1 }] }), { iouType: 'segm' });
  expect(evaluationNotes(itself)).toEqual([]); // no results: nothing stands for their masks
  expect(await notes([3], [result, { ...result, segmentation: mask }], 'segm')).toEqual([expect.stringMatching(/^1 of the 2 results holds no mask: /)]);
});
