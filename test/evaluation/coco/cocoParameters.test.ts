import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { ConfigError } from '../../../src/errors.ts';
import { resolveParameters, type CocoOptions, type IouType } from '../../../src/evaluation/coco/cocoParameters.ts';

const truth = CocoDataset.fromObject({
  images: [30, 4].map((id) => ({ id, width: 9, height: 9, file_name: `${id}.jpg` })),
  categories: [5, 2].map((id) => ({ id, name: `${id}` })), annotations: [],
});
const [S, M, L] = [1024, 9216, 1e10];

describe('resolveParameters', () => {
  it("has pycocotools' defaults", () => {
    const { iouThresholds, recallThresholds, ...rest } = resolveParameters({ iouType: 'bbox' }, truth);
    // numpy.linspace
    expect(iouThresholds).toEqual([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95]);
    expect(recallThresholds).toEqual(Array.from({ length: 101 }, (_, i) => i * 0.01));
    expect(rest).toEqual({
      iouType: 'bbox', areaRanges: [[0, L], [0, S], [S, M], [M, L]], areaLabels: ['all', 'small', 'medium', 'large'],
      maxDets: [1, 10, 100], useCats: true, imageIds: [4, 30], categoryIds: [2, 5], keypointSigmas: [],
    });
    const people = resolveParameters({ iouType: 'keypoints' }, truth);
    expect(people).toMatchObject({
      areaRanges: [[0, L], [S, M], [M, L]], areaLabels: ['all', 'medium', 'large'], maxDets: [20], useCats: true,
    });
    expect(people.keypointSigmas).toHaveLength(17);
  });

  it('sorts what has to be in order, and takes each id once', () => {
    const options = { maxDets: [100, 0, 10], imageIds: [30, 4, 30], categoryIds: [5, 2, 5] };
    expect(resolveParameters({ iouType: 'segm', ...options }, truth))
      .toMatchObject({ maxDets: [0, 10, 100], imageIds: [4, 30], categoryIds: [2, 5] });
    expect(resolveParameters({ iouType: 'segm', ...options, useCats: false }, truth).categoryIds).toEqual([5, 2, 5]);
    expect(resolveParameters({ iouType: 'segm', useCats: false }, truth).categoryIds).toEqual([2, 5]);
  });

  it('names ranges that have no label', () => {
    expect(resolveParameters({ iouType: 'bbox', areaRanges: [[0, 9], [3, 4]] }, truth).areaLabels).toEqual(['0-9', '3-4']);
    const labels = ['a', 'b', 'c', 'd'];
    expect(resolveParameters({ iouType: 'bbox', areaLabels: labels }, truth)).toMatchObject({ areaLabels: labels });
  });

  it.each<[CocoOptions, string]>([
    [{ iouType: 'boxes' as IouType }, `expected 'bbox', 'segm' or 'keypoints' for iouType, got "boxes"`],
    [{ iouType: 'bbox', areaLabels: ['all'] }, 'expected one label per area range (4) for areaLabels, got ["all"]'],
    [{ iouType: 'bbox', areaRanges: [] }, 'expected one number or more for areaRanges, got []'],
    [{ iouType: 'bbox', areaRanges: [[0, NaN]] }, 'for areaRanges, got [0,null]'],
    [{ iouType: 'bbox', iouThresholds: [] }, 'expected one number or more for iouThresholds, got []'],
    [{ iouType: 'bbox', recallThresholds: [0, NaN] }, 'for recallThresholds, got [0,null]'],
    ...[[], [-1], [1, 1.5]].map((maxDets): [CocoOptions, string] =>
      [{ iouType: 'bbox', maxDets }, `expected whole numbers from 0 on for maxDets, got ${JSON.stringify(maxDets)}`]),
    [{ iouType: 'keypoints', keypointSigmas: [0.1, 0] }, 'expected numbers above 0 for keypointSigmas, got [0.1,0]'],
  ])('refuses %j', (options, message) => {
    expect(() => resolveParameters(options, truth)).toThrow(ConfigError);
    expect(() => resolveParameters(options, truth)).toThrow(message);
  });
});
