import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { keypointSimilarity, labelledCount } from '../../../src/evaluation/coco/keypointSimilarity.ts';

const flat = [10, 20, 2, 11, 21, 2, 12, 22, 2, 13, 23, 2, 14, 24, 2];
const moved = [12, 20, 2, 11, 19.5, 2, 12, 22, 2, 13, 23, 2, 14, 24, 2];
const threes = (keypoints: readonly number[]) =>
  Array.from({ length: keypoints.length / 3 }, (_, i) => keypoints.slice(3 * i, 3 * i + 3));
const uncounted = { id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0, keypoints: flat };
const hand = { ...uncounted, num_keypoints: 5 };
const found = { image_id: 1, category_id: 1, score: 0.9, keypoints: moved };

async function evaluate(annotations: unknown[], results: unknown[], keypointSigmas?: number[], isText = true): Promise<CocoEval> {
  const file = {
    images: [{ id: 1, width: 100, height: 100, file_name: 'a.jpg' }],
    categories: [{ id: 1, name: 'hand' }],
    annotations: annotations as CocoAnnotation[],
  };
  const truth = isText ? CocoDataset.fromBytes(Buffer.from(JSON.stringify(file))) : CocoDataset.fromObject(file);
  const detections = await truth.loadRes(isText ? Buffer.from(JSON.stringify(results)) : results as CocoAnnotation[]);
  return new CocoEval(truth, detections, { iouType: 'keypoints', ...keypointSigmas && { keypointSigmas } });
}

// pycocotools 2.0.11 with kpt_oks_sigmas set to these.
it.each([[undefined, 0.99756661], [[0.05, 0.1, 0.2, 0.05, 0.1], 0.97301447]])('compares five keypoints with the sigmas %j', async (sigmas, similarity) => {
  const evaluation = await evaluate([hand], [found], sigmas);
  expect(evaluation.parameters.keypointSigmas).toEqual(sigmas ?? [0.2, 0.2, 0.2, 0.2, 0.2]);
  expect(evaluation.evaluation.ious.values[0]).toBeCloseTo(similarity, 8);
  expect(evaluation.summarize().stats[0]).toBeCloseTo(1, 12);
});

it.each([true, false])('reads three numbers for each keypoint as a list of their own (text: %s)', async (isText) => {
  const [truth, detections] = [[{ ...hand, keypoints: threes(flat) }], [{ ...found, keypoints: threes(moved) }]];
  const evaluation = await evaluate(truth, detections, undefined, isText);
  expect(evaluation.evaluation.ious.values[0]).toBeCloseTo(0.99756661, 8);
  expect(evaluation.detections.annotations.boxes).toEqual(Float64Array.of(11, 19.5, 3, 4.5));
});

const malformed = [
  [[[1, 2, 2], [3, 4]], 'three numbers'], [[[1, 2, 2], 3], 'list of numbers'], [[1, [2]], 'a number'],
] as const;
it.each(malformed)('names keypoints such as %j', async (keypoints, what) => {
  const { truth } = await evaluate([{ ...hand, keypoints: flat }, { ...hand, id: 2, keypoints }], [found]);
  expect(() => truth.annotations.keypoints(1)).toThrow(new RegExp(`${what}.*annotations\\[1\\] \\(annotation id 2\\)`));
});

it('counts labelled keypoints where num_keypoints is missing', async () => {
  const hidden = { ...uncounted, id: 2, keypoints: flat.map((value, i) => (i % 3 === 2 ? 0 : value)) };
  const stats = async (annotations: unknown[]) => (await evaluate(annotations, [found])).summarize().stats;
  const counted = await stats([hand, { ...hidden, num_keypoints: 0 }]);
  expect(counted[5]).toBeCloseTo(1, 12); // the recall: the hidden one is not asked for
  expect(await stats([uncounted, hidden])).toEqual(counted);
  expect((await stats([{ ...hidden, id: 1 }, { ...uncounted, id: 2 }]))[5]).toBeCloseTo(1, 12);
  const { truthIds, truthIgnored } = (await evaluate([{ ...hidden, id: 1 }, { ...uncounted, id: 2 }], [found])).matchesOf(1, 1)!;
  expect([[...truthIds], [...truthIgnored]]).toEqual([[2, 1], [0, 1]]);
});

it('refuses sigmas that cannot be, and another number of keypoints', async () => {
  await expect(evaluate([hand], [found], [0.1, 0])).rejects.toThrow('expected numbers above 0 for keypointSigmas, got [0.1,0]');
  const evaluation = await evaluate([hand], [found], [0.1, 0.1]);
  expect(() => evaluation.evaluate()).toThrow('expected 2 keypoints of 3 numbers for object 1, got 15 numbers: as many as there are sigmas');
  const odd = await evaluate([{ ...hand, keypoints: [...flat, 1] }], [found], undefined, false);
  expect(() => odd.evaluate()).toThrow('expected 5 keypoints of 3 numbers for object 1, got 16 numbers');
});

describe('keypointSimilarity', () => {
  const similarity = (detected: number[], keypoints: number[], sigmas: number[]) => keypointSimilarity(
    Float64Array.from(detected), { keypoints: Float64Array.from(keypoints), area: 100, box: [10, 20, 4, 6] }, sigmas);
  const oks = (squared: number, sigma: number) => Math.exp(-squared / (2 * 100 * (2 * sigma) ** 2));

  it('is the mean over labelled keypoints, those that are not visible too', () => {
    const found = similarity([13, 24, 2, 0, 0, 2, 30, 31, 2], [10, 20, 2, 5, 5, 0, 30, 30, 1], [0.1, 0.2, 0.3]);
    expect(found).toBeCloseTo((oks(25, 0.1) + oks(1, 0.3)) / 2, 14);
  });

  it('takes one labelled keypoint alone', () => {
    expect(similarity([13, 24, 1, 0, 0, 1], [10, 20, 1, 50, 50, 0], [0.1, 0.2])).toBeCloseTo(oks(25, 0.1), 14);
  });

  it('measures from the box at three times its size where none is labelled', () => {
    // From x 10 - 4 to 10 + 2 · 4, from y 20 - 6 to 20 + 2 · 6.
    const cases = [[4, 20, 4], [21, 20, 9], [10, 13, 1], [10, 34, 4], [3, 35, 18], [6, 14, 0], [12, 32, 0], [9, 25, 0]] as const;
    for (const [x, y, squared] of cases) {
      expect(similarity([x, y, 1, 9, 25, 1], [0, 0, 0, 0, 0, 0], [0.1, 0.2])).toBeCloseTo((oks(squared, 0.1) + 1) / 2, 14);
    }
  });

  it('is 1 at the place, even of an object without area', () => {
    const person = { keypoints: Float64Array.of(3, 4, 2), area: 0, box: [0, 0, 1, 1] };
    expect(keypointSimilarity(Float64Array.of(3, 4, 1), person, [0.1])).toBe(1);
    expect(keypointSimilarity(Float64Array.of(3, 5, 1), person, [0.1])).toBe(0);
  });
});

it('counts keypoints as labelled from visibility 1 on', () => {
  expect(labelledCount(Float64Array.of(1, 1, 0, 1, 1, 1, 1, 1, 2, 9, 9, 0))).toBe(2);
});
