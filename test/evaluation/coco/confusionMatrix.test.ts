import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
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

  it('rejects keypoints', async () => {
    const evaluation = await errorExample({}, { iouType: 'keypoints' });
    expect(() => confusionMatrix(evaluation)).toThrow(ConfigError);
    expect(() => confusionMatrix(evaluation)).toThrow("confusionMatrix: expected 'bbox' or 'segm' for iouType, got 'keypoints'");
  });
});
