import { expect, it } from 'vitest';
import { CellMatcher } from '../../../src/evaluation/coco/cellMatcher.ts';
import { IGNORED, TRUE_POSITIVE } from '../../../src/evaluation/coco/detectionStates.ts';
import { crowd, errorExample } from './errorExample.ts';

it('are what the kernel says of detections that are right, in a crowd, or neither', async () => {
  const { evaluation } = await errorExample(crowd, { iouType: 'bbox', iouThresholds: [0.5], areaRanges: [[0, 1e10]] });
  // Of cats: one in a crowd, one that finds A, and four that find nothing; of dogs one that finds nothing.
  expect([...new CellMatcher(evaluation).label().states]).toEqual([IGNORED, TRUE_POSITIVE, 0, 0, 0, 0, 0]);
  expect(new Set([IGNORED, TRUE_POSITIVE, 0]).size).toBe(3);
});
