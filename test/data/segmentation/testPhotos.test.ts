import { describe, expect, it } from 'vitest';
import { checkTestScales, type TestScales } from '../../../src/data/segmentation/testPhotos.ts';
import { ConfigError } from '../../../src/errors.ts';

describe('checkTestScales', () => {
  const frame = { longPx: 1, shortPx: 1 };

  it('passes what lies on the bounds', () => {
    expect(() => checkTestScales({ frame })).not.toThrow();
    expect(() => checkTestScales({ frame, ratios: [0.001], multiple: 1 })).not.toThrow();
  });

  it.each<[Partial<TestScales>, string]>([
    [{ frame: { longPx: 0, shortPx: 0 } }, 'whole numbers longPx >= shortPx >= 1 for frame'],
    [{ frame: { longPx: 1, shortPx: 2 } }, 'whole numbers longPx >= shortPx >= 1 for frame'],
    [{ frame: { longPx: 2.5, shortPx: 2 } }, 'whole numbers longPx >= shortPx >= 1 for frame'],
    [{ ratios: [] }, 'at least one number above 0 for ratios, got []'],
    [{ ratios: [1, 0] }, 'at least one number above 0 for ratios, got [1,0]'],
    [{ ratios: [1, Infinity] }, 'at least one number above 0 for ratios, got [1,null]'],
    [{ multiple: 0 }, 'a whole number of at least 1 for multiple, got 0'],
    [{ multiple: 1.5 }, 'a whole number of at least 1 for multiple, got 1.5'],
  ])('refuses %j', (change, message) => {
    expect(() => checkTestScales({ frame, ...change })).toThrow(ConfigError);
    expect(() => checkTestScales({ frame, ...change })).toThrow(`TestScales: expected ${message}`);
  });
});
