import { expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { defaultSigmas, keypointsPerObject } from '../../../src/evaluation/coco/keypointSigmas.ts';

const datasetOf = (keypoints: readonly (number[] | undefined)[]) => CocoDataset.fromObject({
  images: [{ id: 1, width: 9, height: 9, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'one' }],
  annotations: keypoints.map((one, i) => ({ id: i + 1, image_id: 1, category_id: 1, ...one && { keypoints: one } })),
});
const numbers = (count: number) => new Array<number>(count).fill(1);

it("are COCO's for 17 keypoints, as where nobody says how many there are", () => {
  const [arms, legs] = [[0.079, 0.079, 0.072, 0.072, 0.062, 0.062], [0.107, 0.107, 0.087, 0.087, 0.089, 0.089]] as const;
  const people = [0.026, 0.025, 0.025, 0.035, 0.035, ...arms, ...legs].map((sigma) => expect.closeTo(sigma, 15) as number);
  expect(defaultSigmas(datasetOf([]))).toEqual(people);
  expect(defaultSigmas(datasetOf([undefined, []]))).toEqual(people);
  expect(defaultSigmas(datasetOf([numbers(51), numbers(15)]))).toEqual(people);
});

it('are 1 / n for n others, by the first object that has any', () => {
  expect(defaultSigmas(datasetOf([[], undefined, numbers(15), numbers(51)]))).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
  expect(keypointsPerObject(datasetOf([numbers(16)]))).toBe(5);
});
