import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { cocoStats } from '../../../src/data/coco/cocoStats.ts';
import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';

const images = [
  { id: 1, width: 640, height: 480, file_name: 'a.jpg' }, { id: 2, width: 480, height: 640, file_name: 'b.jpg' },
  { id: 3, width: 640, height: 480, file_name: 'c.jpg' },
];
const categories = [{ id: 18, name: 'dog' }, { id: 1, name: 'cat' }, { id: 5, name: 'cow' }];
const statsOf = (file: CocoFile) => cocoStats(CocoDataset.fromObject(file));

describe('cocoStats', () => {
  const mask = { size: [1, 1], counts: [1] } as const;
  const annotations: CocoAnnotation[] = [
    { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 32, 32], area: 1024, iscrowd: 0, segmentation: [[0, 0, 1, 0, 1, 1]] },
    { id: 2, image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], area: 1024.5, iscrowd: 1, segmentation: mask },
    { id: 3, image_id: 1, category_id: 18, area: 9216, iscrowd: 0, keypoints: [1, 2, 2], num_keypoints: 1 },
    { id: 4, image_id: 2, category_id: 1, bbox: [0, 0, 9, 9], area: 9217, iscrowd: 0 },
    { id: 5, image_id: 2, category_id: 7, bbox: [0, 0, 9, 9], iscrowd: 0 },
  ];
  const stats = statsOf({ images, categories, annotations });

  it('counts annotations, photos, crowds and sizes by category, in the file\'s order', () => {
    expect(stats.perCategory).toEqual([
      { id: 18, name: 'dog', annotations: 1, photos: 1, crowds: 0, small: 0, medium: 1, large: 0 },
      { id: 1, name: 'cat', annotations: 3, photos: 2, crowds: 1, small: 1, medium: 1, large: 1 },
      { id: 5, name: 'cow', annotations: 0, photos: 0, crowds: 0, small: 0, medium: 0, large: 0 },
    ]);
    expect(stats.total).toEqual({ annotations: 5, photos: 2, crowds: 1, small: 1, medium: 2, large: 1 });
    expect(stats.unknownCategory).toEqual({ annotations: 1, photos: 1, crowds: 0, small: 0, medium: 0, large: 0 });
  });

  it('counts what annotations have', () => {
    expect(stats).toMatchObject({ kind: 'instances', images: 3, emptyImages: 1, having: { boxes: 4, polygons: 1, masks: 1, keypoints: 1 } });
  });

  it('counts segmentations and keypoints of wrong form, which validate names', () => {
    const fields = [{ segmentation: [1, 2, 3, 4, 5, 6] }, { keypoints: 'nose' }, { segmentation: [[1, 1, 5, 1, 5, 5]] }];
    const annotations = fields.map((own, id) => ({ id, image_id: 1, ...own }));
    const { having } = cocoStats(CocoDataset.fromBytes(Buffer.from(JSON.stringify({ annotations }))));
    expect(having).toEqual({ boxes: 0, polygons: 1, masks: 0, keypoints: 0, wrongForm: 2 });
  });

  it('says how numbers are spread', () => {
    expect(stats.perPhoto).toEqual({ min: 0, median: 2, mean: 5 / 3, max: 3 });
    expect(stats.area).toEqual({ min: 1024, median: (1024.5 + 9216) / 2, mean: (1024 + 1024.5 + 9216 + 9217) / 4, max: 9217 });
    expect(stats.width).toMatchObject({ min: 480, median: 640, max: 640 });
    expect(stats.imageSizes).toEqual([{ width: 640, height: 480, images: 2 }, { width: 480, height: 640, images: 1 }]);
  });

  it('makes histograms whose edges are those of small, medium and large', () => {
    expect(stats.perPhotoHistogram.map(({ upTo, count }) => [upTo, count])).toEqual([[0, 1], [1, 0], [2, 1], [4, 1]]);
    expect(stats.sideHistogram.filter(({ count }) => count > 0)).toEqual([
      { above: 16, upTo: 32, count: 1 }, { above: 32, upTo: 64, count: 1 },
      { above: 64, upTo: 96, count: 1 }, { above: 96, upTo: 192, count: 1 },
    ]);
  });

  it('counts areas of nothing', () => {
    const { sideHistogram } = statsOf({ images, annotations: [{ id: 1, image_id: 1, area: 0 }] });
    expect(sideHistogram).toEqual([{ above: -1, upTo: 8, count: 1 }]);
  });

  it('doubles the edges beyond those of COCO, as far as photos and their annotations go', () => {
    const sides = [192, 193, 384, 1000, 100_000];
    const many = Array.from({ length: 70_000 }, () => ({ image_id: 3 }));
    const annotations = [...sides.map((side) => ({ image_id: 1, area: side * side })), ...many];
    const { sideHistogram, perPhotoHistogram } = statsOf({ images, annotations });
    expect(sideHistogram.filter(({ count }) => count > 0)).toEqual([
      { above: 96, upTo: 192, count: 1 }, { above: 192, upTo: 384, count: 2 }, { above: 768, upTo: 1536, count: 1 },
      { above: 98_304, upTo: 196_608, count: 1 },
    ]);
    expect(perPhotoHistogram.filter(({ count }) => count > 0)).toEqual([
      { above: -1, upTo: 0, count: 1 }, { above: 4, upTo: 8, count: 1 }, { above: 65_536, upTo: 131_072, count: 1 },
    ]);
  });

  it('counts the segments of a panoptic file', () => {
    const segments_info = [{ id: 9, category_id: 1, area: 100, iscrowd: 0 }, { id: 10, category_id: 18, area: 5000, iscrowd: 1 }];
    const panoptic = statsOf({ images, categories, annotations: [{ image_id: 3, file_name: 'c.png', segments_info }] });
    expect(panoptic).toMatchObject({
      kind: 'panoptic', emptyImages: 2, total: { annotations: 2, photos: 1, crowds: 1, small: 1, medium: 1, large: 0 },
    });
    expect(panoptic).not.toHaveProperty('unknownCategory');
    expect(panoptic.perCategory.map(({ crowds }) => crowds)).toEqual([1, 0, 0]);
    expect(panoptic.perPhotoHistogram).toEqual(
      [{ above: -1, upTo: 0, count: 2 }, { above: 0, upTo: 1, count: 0 }, { above: 1, upTo: 2, count: 1 }]);
  });

  it('puts the size of most photos first', () => {
    const { imageSizes } = statsOf({ images: [images[1]!, images[0]!, images[2]!] });
    expect(imageSizes.map(({ images: count }) => count)).toEqual([2, 1]);
  });

  it('has no spreads for an empty file', () => {
    const empty = statsOf({});
    expect(empty).toMatchObject({ images: 0, emptyImages: 0, imageSizes: [], perCategory: [], sideHistogram: [] });
    expect(Object.keys(empty)).not.toContain('area');
  });
});
