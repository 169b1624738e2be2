import { expect, it } from 'vitest';
import { boxIou } from '../../../src/data/coco/rleIou.ts';
import { DataError } from '../../../src/errors.ts';

it('wants four numbers per box and a flag per ground truth', () => {
  const [one, two] = [Float64Array.of(0, 0, 2, 2), Float64Array.of(0, 0, 2, 1, 5, 5, 1, 1)] as const;
  expect([...boxIou(one, two, [0, 1])]).toEqual([0.5, 0]);
  expect([...boxIou(two, one)]).toEqual([0.5, 0]);
  for (const flags of [[], [0], [0, 0, 0]]) {
    expect(() => boxIou(one, two, flags)).toThrow(DataError);
    expect(() => boxIou(one, two, flags)).toThrow(`boxIou: expected one value per ground truth (2) for isCrowd, got ${flags.length}`);
  }
  expect(() => boxIou(Float64Array.of(1, 2, 3), two)).toThrow('boxIou: expected four numbers per box for detections, got 3 numbers');
  expect(() => boxIou(one, Float64Array.of(1, 2, 3, 4, 5))).toThrow('boxIou: expected four numbers per box for truths, got 5 numbers');
});
