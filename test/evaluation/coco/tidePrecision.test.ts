import { expect, it } from 'vitest';
import { tideAp } from '../../../src/evaluation/coco/tidePrecision.ts';

const point = (category: number, score: number, right: boolean) => ({ category, score, right });

it('reads precision off at 101 recalls, the highest at that recall or above', () => {
  // Right, wrong, right, right of four objects: precisions 1, 1/2, 2/3, 3/4 at recalls 1/4, 1/4, 1/2, 3/4.
  const points = [point(1, 0.6, true), point(1, 0.9, true), point(1, 0.5, true), point(1, 0.8, false)];
  expect(tideAp(points, new Map([[1, 4]]))).toBeCloseTo((26 * 1 + 50 * 3 / 4) / 101, 14);
  expect(tideAp([point(1, 0.6, true), point(1, 0.9, true)], new Map([[1, 3]]))).toBeCloseTo(67 / 101, 14);
});

it('takes the earlier one of equal scores first', () => {
  const [right, wrong] = [point(1, 0.5, true), point(1, 0.5, false)];
  expect(tideAp([right, wrong], new Map([[1, 1]]))).toBeCloseTo(1, 14);
  expect(tideAp([wrong, right], new Map([[1, 1]]))).toBeCloseTo(1 / 2, 14);
});

it('is the mean over the classes that have objects or detections', () => {
  const found = point(1, 0.9, true);
  expect(tideAp([found], new Map([[1, 1]]))).toBeCloseTo(1, 14);
  expect(tideAp([found], new Map([[1, 1], [2, 3]]))).toBeCloseTo(1 / 2, 14);
  expect(tideAp([found], new Map([[1, 1], [2, 0]]))).toBeCloseTo(1, 14);
  expect(tideAp([found, point(3, 0.1, false)], new Map([[1, 1], [2, 1]]))).toBeCloseTo(1 / 3, 14);
  expect(tideAp([point(3, 0.1, true)], new Map())).toBe(0); // no object could be found
  expect(tideAp([], new Map([[1, 0]]))).toBe(0);
});
