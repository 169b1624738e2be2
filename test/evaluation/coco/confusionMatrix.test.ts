import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { ConfigError } from '../../../src/errors.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { confusionMatrix } from '../../../src/evaluation/coco/confusionMatrix.ts';
import { crowd, errorExample } from './errorExample.ts';

describe('confusionMatrix', () => {
  it('counts classes against classes, with the background last', async () => {
    const { categoryIds, counts } = confusionMatrix(await errorExample());
    expect(categoryIds).toEqual([1, 2]);
    expect([...counts]).toEqual([
      1, 0, 1, // A found; B not
      1, 0, 1, // C taken for a cat; D not found
      3, 1, 0, // duplicate, two poor boxes; one of nothing
    ]);
  });

  it('starts at a score, and matches from an IoU on', async () => {
    const example = await errorExample();
    expect([...confusionMatrix(example, { score: 0.65 }).counts]).toEqual([1, 0, 1, 0, 0, 2, 2, 0, 0]);
    expect([...confusionMatrix(example, { score: 0.9 }).counts]).toEqual([1, 0, 1, 0, 0, 2, 0, 0, 0]);
    expect([...confusionMatrix(example, { iou: 0.3 }).counts]).toEqual([2, 0, 0, 2, 0, 0, 1, 1, 0]);
    expect([...confusionMatrix(example, { maxDets: 1, score: 0 }).counts]).toEqual([1, 0, 1, 0, 0, 2, 0, 0, 0]);
  });

  it('leaves out crowds and what matches them', async () => {
    expect(confusionMatrix(await errorExample(crowd))).toEqual(confusionMatrix(await errorExample()));
  });

  it('knows the classes of an evaluation without classes', async () => {
    const { counts } = confusionMatrix(await errorExample({}, { iouType: 'bbox', useCats: false }));
    expect([...counts]).toEqual([1, 0, 1, 1, 0, 1, 3, 1, 0]);
  });

  it('counts photo by photo, as many detections of each as the evaluation at most', async () => {
    const { truth } = await errorExample();
    const box = (x: number, y: number) => ({ bbox: [x, y, 10, 10], area: 100, iscrowd: 0 });
    const file = (more: number) => ({
      images: [7, 8, 9].map((id) => ({ id, width: 100, height: 100, file_name: `${id}.jpg` })), categories: [...truth.categories],
      annotations: [7, 8, 9].map((id) => ({ id, image_id: id, category_id: id === 8 ? 2 : 1, ...box(10 * id, 0) })),
      results: [
        { image_id: 7, category_id: 1, score: 0.9, ...box(70, 0) }, { image_id: 9, category_id: 2, score: 0.8, ...box(90, 0) },
        ...Array.from({ length: more }, (_, i) => ({ image_id: 9, category_id: 1, score: 0.5, ...box(5 * (i % 10), 50) })),
      ],
    });
    const counts = async (more: number, maxDets?: number[]) => {
      const { results, ...rest } = file(more);
      const dataset = CocoDataset.fromObject(rest);
      const evaluation = new CocoEval(dataset, await dataset.loadRes(results), { iouType: 'bbox', ...maxDets && { maxDets } });
      return [...confusionMatrix(evaluation).counts];
    };
    expect(await counts(0)).toEqual([1, 1, 0, 0, 0, 1, 0, 0, 0]);
    expect(await counts(120)).toEqual([1, 1, 0, 0, 0, 1, 99, 0, 0]); // 100 in a photo
    expect(await counts(120, [3, 20])).toEqual([1, 1, 0, 0, 0, 1, 19, 0, 0]);
  });

  it('leaves out what matches a crowd, wherever it stands, and counts objects however small', async () => {
    const record = (x: number, iscrowd: number, side = 10) =>
      ({ image_id: 1, category_id: 1, bbox: [x, 0, side, side], area: side ** 2, iscrowd });
    const objects = [record(0, 1), record(20, 1), record(40, 0), record(60, 0, 0.5)];
    const truth = CocoDataset.fromObject({
      images: [{ id: 1, width: 99, height: 99, file_name: '1.jpg' }], categories: [{ id: 1, name: 'thing' }],
      annotations: objects.map((one, i) => ({ ...one, id: i + 1 })),
    });
    const counts = async (found: readonly number[], options = {}) => {
      const results = await truth.loadRes(found.map((i) => ({ ...objects[i]!, score: 0.9 })));
      return [...confusionMatrix(new CocoEval(truth, results, { iouType: 'bbox' }), options).counts];
    };
    expect(await counts([0, 1])).toEqual([0, 2, 0, 0]);
    expect(await counts([0, 1, 2, 3])).toEqual([2, 0, 0, 0]);
    expect(await counts([3])).toEqual([1, 1, 0, 0]);
  });

  it('matches from an IoU of 0.5 on where none is told', async () => {
    const near = { image_id: 7, category_id: 1, score: 0.85, bbox: [23, 0, 10, 10] }; // 7 / 13 of B
    const example = await errorExample({ detections: [near] });
    expect(confusionMatrix(example).counts[0]).toBe(2);
    expect(confusionMatrix(example, { iou: 0.55 }).counts[0]).toBe(1);
  });

  it('counts a detection at the score from which on it counts, and the same IoU', async () => {
    const example = await errorExample();
    expect(confusionMatrix(example, { score: 0.7 })).toEqual(confusionMatrix(example, { score: 0.65 }));
    expect(confusionMatrix(example, { iou: 1 / 3 })).toEqual(confusionMatrix(example, { iou: 0.3 }));
  });

  it('rejects keypoints', async () => {
    const evaluation = await errorExample({}, { iouType: 'keypoints' });
    expect(() => confusionMatrix(evaluation)).toThrow(ConfigError);
    expect(() => confusionMatrix(evaluation)).toThrow("confusionMatrix: expected 'bbox' or 'segm' for iouType, got 'keypoints'");
  });
});
