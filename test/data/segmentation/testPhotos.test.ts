import { describe, expect, it } from 'vitest';
import { checkTestScales, testPhotos, type TestScales } from '../../../src/data/segmentation/testPhotos.ts';
import { ConfigError } from '../../../src/errors.ts';

describe('testPhotos', () => {
  const photo = { data: Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => i), width: 8, height: 4 };
  const sizes = (scales: TestScales) => testPhotos(photo, scales).map(({ width, height, data }) => [width, height, data.length]);

  it('is the photo itself where it has the size', () => {
    expect(testPhotos(photo, { frame: { longPx: 8, shortPx: 4 }, multiple: 4 })).toEqual([photo]);
  });

  it('stretches one side alone where only that is no multiple', () => {
    expect(sizes({ frame: { longPx: 8, shortPx: 4 }, multiple: 8 })).toEqual([[8, 8, 192]]);
    const upright = { data: photo.data, width: 4, height: 8 };
    const [stretched] = testPhotos(upright, { frame: { longPx: 8, shortPx: 4 }, multiple: 8 });
    expect([stretched?.width, stretched?.height]).toEqual([8, 8]);
  });

  it('makes one for each ratio', () => {
    expect(sizes({ frame: { longPx: 8, shortPx: 4 }, ratios: [0.5, 1, 2] })).toEqual([[4, 2, 24], [8, 4, 96], [16, 8, 384]]);
  });
});

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
