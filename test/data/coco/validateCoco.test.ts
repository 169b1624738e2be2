import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { FINDING_RULES, type CocoFinding, type FindingKind } from '../../../src/data/coco/cocoFindings.ts';
import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';
import { datasetOfText } from './parseText.ts';
import { referenceFolder } from '../../reference.ts';

const images = [{ id: 1, width: 10, height: 8, file_name: '1.png' }, { id: 2, width: 5, height: 5, file_name: '2.png' }];
const categories = [{ id: 1, name: 'cat', keypoints: ['nose', 'tail'] }, { id: 2, name: 'dog' }];
const triangle = [[1, 1, 5, 1, 5, 5]];

/** A faultless annotation, but for what is given. */
function annotation(id: number, change: object = {}): CocoAnnotation {
  const good = { id, image_id: 1, category_id: 2, bbox: [1, 1, 4, 4], area: 8, iscrowd: 0, segmentation: triangle };
  return { ...good, ...change };
}

/** The same without a field. */
function without(id: number, key: string): CocoAnnotation {
  return Object.fromEntries(Object.entries(annotation(id)).filter(([name]) => name !== key)) as CocoAnnotation;
}

type Found = [FindingKind, readonly number[]];

/** Kinds and ids of what is found, from objects and, where JSON can hold it, from text. */
function findings(annotations: readonly CocoAnnotation[], rest: Partial<CocoFile> = {}, isJson = true): Found[] {
  const file = { images, categories, annotations, ...rest };
  const show = (found: readonly CocoFinding[]): Found[] => found.map(({ kind, ids }) => [kind, ids]);
  const found = show(CocoDataset.fromObject(file).validate());
  if (isJson) expect(show(datasetOfText(JSON.stringify(file), 100).validate())).toEqual(found);
  return found;
}

describe('validateCoco', () => {
  it('finds nothing in a faultless file', () => {
    const crowd = { iscrowd: 1, segmentation: { size: [8, 10], counts: [30, 20, 30] } };
    const keypoints = { category_id: 1, keypoints: [1, 2, 2, 0, 0, 0], num_keypoints: 1 };
    expect(findings([annotation(1), annotation(2, crowd), annotation(3, keypoints)])).toEqual([]);
  });

  it.each<[FindingKind, CocoAnnotation]>([
    ['id-not-whole', annotation(1.5)],
    ['id-rounded', annotation(2 ** 53)],
    ['id-zero', annotation(0)],
    ['missing-image-id', without(7, 'image_id')],
    ['unknown-image', annotation(7, { image_id: 3, segmentation: { size: [1, 1], counts: [1] } })],
    ['missing-category-id', without(7, 'category_id')],
    ['unknown-category', annotation(7, { category_id: 3 })],
    ['missing-iscrowd', without(7, 'iscrowd')],
    ['missing-iscrowd', annotation(7, { iscrowd: null })],
    ['missing-area', without(7, 'area')],
    ['missing-box', without(7, 'bbox')],
    ['missing-box', annotation(7, { bbox: [] })],
    ['box-without-extent', annotation(7, { bbox: [1, 1, 0, 4] })],
    ['box-without-extent', annotation(7, { bbox: [1, 1, 2, -4] })],
    ['box-without-extent', annotation(7, { bbox: [1, 1, 2, 0] })],
    ['box-outside-image', annotation(7, { bbox: [8, 1, 2.5, 4] })],
    ['box-outside-image', annotation(7, { bbox: [-1, 1, 2.5, 4] })],
    ['box-outside-image', annotation(7, { bbox: [1, 100, 2.5, 4] })],
    ['missing-segmentation', without(7, 'segmentation')],
    ['segmentation-form', annotation(7, { segmentation: [1, 2, 3, 4, 5, 6] })],
    ['polygon-range', annotation(7, { segmentation: [[1, 1, 214_748_364.8, 1, 5, 5]] })],
    ['polygon-range', annotation(7, { segmentation: [[1, 1, 5, 1, 5, 5], [1, 1, 5, -214_748_365, 5, 5]] })],
    ['missing-keypoints', annotation(7, { category_id: 1 })],
    ['segmentation-form', annotation(7, { segmentation: 'PPYo1' })],
    ['segmentation-form', annotation(7, { segmentation: { size: [8], counts: 'PPYo1' } })],
    ['empty-segmentation', annotation(7, { segmentation: [] })],
    ['two-point-polygon', annotation(7, { segmentation: [...triangle, [1, 1, 5, 5]] })],
    ['two-point-polygon', annotation(7, { segmentation: [[]] })],
    ['odd-polygon', annotation(7, { segmentation: [[1, 1, 5, 1, 5, 5, 9]] })],
    ['rle-size', annotation(7, { segmentation: { size: [5, 5], counts: [25] } })],
    ['rle-broken', annotation(7, { segmentation: { size: [8, 10], counts: [30, 20, 31] } })],
    ['rle-broken', annotation(7, { segmentation: { size: [8, 10], counts: [30, -20, 70] } })],
    ['rle-broken', annotation(7, { segmentation: { size: [8, 10], counts: [30.5, 49.5] } })],
    ['rle-broken', annotation(7, { segmentation: { size: [8, 10], counts: '~~' } })],
    ['rle-broken', annotation(7, { segmentation: { size: [8, 10], counts: '1' } })],
    ['rle-python-bytes', annotation(7, { segmentation: { size: [8, 10], counts: "b'PPYo1'" } })],
    ['rle-python-bytes', annotation(7, { segmentation: { size: [8, 10], counts: 'b"PPYo1"' } })],
    ['keypoint-form', annotation(7, { category_id: 1, keypoints: [1, 2, 2], num_keypoints: 1 })],
    ['keypoint-form', annotation(7, { keypoints: [1, 2, 2, 3], num_keypoints: 1 })],
    ['keypoint-form', annotation(7, { keypoints: 'nose', num_keypoints: 1 })],
    ['keypoint-visibility', annotation(7, { keypoints: [1, 2, 3], num_keypoints: 1 })],
    ['keypoint-count', annotation(7, { keypoints: [1, 2, 2], num_keypoints: 2 })],
    ['keypoint-count', annotation(7, { keypoints: [1, 2, 2] })],
  ])('finds %s in one of three annotations', (kind, faulty) => {
    expect(findings([annotation(5), faulty, annotation(6)])).toEqual([[kind, [faulty.id]]]);
  });

  it('finds annotations without an id by their place', () => {
    const [finding] = CocoDataset.fromObject({ images, categories, annotations: [annotation(5), without(7, 'id')] }).validate();
    expect(finding).toMatchObject({ kind: 'missing-id', severity: 'fatal', ids: [NaN], rows: [1] });
    expect(finding!.message).toBe('missing-id (fatal): 1 annotation have no id: annotations[1]; pycocotools stops with KeyError'.replace('have', 'has'));
  });

  it.each([5, 'mask', true, [[1, 2], 3], { counts: [80] }, { size: [8, 10] }, { size: [8], counts: [80] }, { size: 8, counts: [80] }])(
    'finds that %j is no segmentation', (segmentation) => {
      expect(findings([annotation(7, { segmentation })])).toEqual([['segmentation-form', [7]]]);
    },
  );

  it('finds all but the last of annotations with the same id', () => {
    expect(findings([annotation(4), annotation(5), annotation(4), annotation(4)])).toEqual([['duplicate-id', [4, 4]]]);
  });

  it.each([
    { area: NaN }, { area: Infinity }, { bbox: [1, NaN, 4, 4] }, { bbox: [1, 1, Infinity, 4] },
    { segmentation: [[1, 1, NaN, 1, 5, 5]] }, { keypoints: [1, NaN, 0], num_keypoints: 0 },
  ])('finds NaN and infinity in objects: %j', (change) => {
    expect(findings([annotation(7, change)], {}, false)).toEqual([['not-finite', [7]]]);
  });

  it('finds infinity in the last number of any box', () => {
    const far = (id: number) => annotation(id, { bbox: id === 2 ? [1, 1, 4, Infinity] : [-Infinity, 1, 4, 4] });
    expect(findings([annotation(1), far(2), annotation(3), far(4), annotation(5)], {}, false)).toEqual([['not-finite', [2, 4]]]);
  });

  it('finds infinity in a file: a number too large for a double', () => {
    const text = JSON.stringify({ images, categories, annotations: [annotation(7, { area: 8 })] }).replace('"area":8', '"area":1e999');
    expect(datasetOfText(text).validate().map(({ kind, ids }) => [kind, ids])).toEqual([['not-finite', [7]]]);
  });

  it('finds photos and categories that are wrong', () => {
    expect(findings([], { images: [{ id: 1, width: 0, height: 5, file_name: '' }, images[0]!] }))
      .toEqual([['image-size', [1]], ['duplicate-image', [1]]]);
    expect(findings([], { images: [{ id: 1, width: 65_536, height: 65_536, file_name: '' }] })).toEqual([['image-size', [1]]]);
    expect(findings([], { images: [{ id: 1, width: 65_537, height: 65_535, file_name: '' }] })).toEqual([]); // 2^32 - 1 pixels
    expect(findings([], { images: [{ width: 2, height: 5, file_name: '' } as never] })).toEqual([['image-without-id', [NaN]]]);
    expect(findings([], { categories: [{ id: 1, name: 'a' }, { id: 1, name: 'b' }, { id: 2, name: 'c' }, { id: 3, name: 'c' }] }))
      .toEqual([['duplicate-category', [1]], ['duplicate-category-name', [2]]]);
  });

  it('says what is wrong, where and what is made of it in one line', () => {
    const annotations = Array.from({ length: 8 }, (_, id) => without(id + 1, 'iscrowd'));
    const [finding] = CocoDataset.fromObject({ images, categories, annotations }).validate();
    expect(finding).toEqual({
      kind: 'missing-iscrowd', severity: 'repaired', of: 'annotations', ids: [1, 2, 3, 4, 5, 6, 7, 8], rows: [0, 1, 2, 3, 4, 5, 6, 7],
      message: 'missing-iscrowd (repaired): 8 annotations have no iscrowd: 1, 2, 3, 4, 5, …; counts as 0; pycocotools stops with KeyError',
    });
  });

  it('misses no keypoints of a category that names none', () => {
    expect(findings([annotation(1)], { categories: [{ id: 2, name: 'dog', keypoints: [] }] })).toEqual([]);
  });

  it('compares the keypoints of results with those of their ground truth', async () => {
    const person = annotation(1, { keypoints: [1, 2, 2, 3, 4, 2], num_keypoints: 2 });
    const truth = CocoDataset.fromObject({ images, categories, annotations: [person] });
    const result = (keypoints: number[]) => ({ image_id: 1, category_id: 2, keypoints, score: 0.5 });
    const kinds = async (...keypoints: number[][]) => {
      const results = await truth.loadRes(keypoints.map(result));
      return results.validate().map(({ kind, ids }) => [kind, ids]);
    };
    expect(await kinds([1, 1, 1, 2, 2, 1])).toEqual([]);
    expect(await kinds([1, 1, 1, 2, 2, 1, 3, 3, 1], [1, 1, 1, 2, 2, 1])).toEqual([['keypoint-form', [1]]]);
  });

  it('checks results for what results need', async () => {
    const truth = CocoDataset.fromObject({ images, categories, annotations: [] });
    const results = await truth.loadRes([
      { image_id: 1, category_id: 2, bbox: [1, 1, 3, 3], score: 0.5 }, { image_id: 1, category_id: 9, bbox: [1, 1, 3, 3] },
    ]);
    expect(results.validate().map(({ kind, ids }) => [kind, ids])).toEqual([['missing-score', [2]], ['unknown-category', [2]]]);
  });

  it('puts the fatal first and has a rule for each kind', () => {
    const found = findings([without(1, 'iscrowd'), without(2, 'area'), annotation(0)]).map(([kind]) => FINDING_RULES[kind].severity);
    expect(found).toEqual(['fatal', 'repaired', 'kept']);
  });
});

describe('validateCoco on real files', () => {
  it.each(['coco/instances_cc.json', 'coco/instances_val2014_100.json'])('finds nothing in %s', async (file) => {
    expect((await CocoDataset.open(path.join(referenceFolder, file))).validate()).toEqual([]);
  });
});
