// What reading a COCO file must give, told by JSON.parse and a few lines that know the format.

import { isDeepStrictEqual } from 'node:util';
import type { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { SegmentationView } from '../../../src/data/coco/segmentationView.ts';
import { DataError } from '../../../src/errors.ts';

type Dict = Readonly<Record<string, unknown>>;

const isDict = (value: unknown): value is Dict => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumberOrNone = (value: unknown): boolean => value === undefined || value === null || typeof value === 'number';
const isIdOrNone = (value: unknown): boolean => isNumberOrNone(value) && !(Math.abs((value ?? 0) as number) >= 2 ** 53);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((item) => typeof item === 'number');
const listOf = (file: unknown, key: string): readonly unknown[] =>
  (isDict(file) && Array.isArray(file[key]) ? file[key] : []) as readonly unknown[];

/** Whether a file of ground truth has the right types wherever the parser looks at them. */
export function isCocoTruth(file: unknown): boolean {
  if (!isDict(file)) return false;
  if (!['images', 'annotations', 'categories'].every((key) => !(key in file) || Array.isArray(file[key]))) return false;
  return listOf(file, 'images').every((image) => isDict(image) && isIdOrNone(image['id']) &&
    ['width', 'height'].every((key) => isNumberOrNone(image[key]))) &&
    listOf(file, 'categories').every((category) => isDict(category) && typeof category['id'] === 'number' && isIdOrNone(category['id'])) &&
    listOf(file, 'annotations').every(isAnnotation) && !hasSharedRoundedId(listOf(file, 'annotations') as Dict[]);
}

/** Whether an id of 2^53 or more comes twice: it may stand for two that were rounded. */
function hasSharedRoundedId(annotations: readonly Dict[]): boolean {
  const rounded = annotations.map(({ id }) => id).filter((id) => typeof id === 'number' && !isIdOrNone(id));
  return new Set(rounded).size < rounded.length;
}

function isAnnotation(value: unknown): boolean {
  if (!isDict(value)) return false;
  const { bbox, iscrowd } = value;
  return ['image_id', 'category_id'].every((key) => isIdOrNone(value[key])) &&
    isNumberOrNone(value['id']) && Math.abs((value['id'] ?? 0) as number) < Infinity &&
    ['area', 'score', 'num_keypoints'].every((key) => isNumberOrNone(value[key])) &&
    (isNumberOrNone(iscrowd) || typeof iscrowd === 'boolean') &&
    (bbox === undefined || bbox === null || (isNumbers(bbox) && (bbox.length === 4 || bbox.length === 0)));
}

/** What differs between a data set and what JSON.parse made of the same file; undefined when nothing does. */
export function difference(dataset: CocoDataset, file: unknown): string | undefined {
  const { images, annotations, categories } = dataset;
  const parsed = { images: listOf(file, 'images') as Dict[], annotations: listOf(file, 'annotations') as Dict[] };
  if (images.count !== parsed.images.length) return `${images.count} images`;
  if (annotations.count !== parsed.annotations.length) return `${annotations.count} annotations`;
  const names = (listOf(file, 'categories') as Dict[]).map((one) => ({ ...one, name: typeof one['name'] === 'string' ? one['name'] : String(one['id']) }));
  if (!isDeepStrictEqual(categories, names)) return 'categories';
  for (const key of ['info', 'licenses'] as const) if (!isDeepStrictEqual(dataset[key], (file as Dict)[key])) return key;

  const number = (value: unknown): number => (typeof value === 'number' ? value : NaN);
  for (const [row, image] of parsed.images.entries()) {
    const columns = [images.ids[row], images.widths[row], images.heights[row]];
    if (!isDeepStrictEqual(columns, ['id', 'width', 'height'].map((key) => number(image[key])))) return `columns of images[${row}]`;
    if (!isDeepStrictEqual(images.record(row), image)) return `images[${row}]`;
  }
  for (const [row, one] of parsed.annotations.entries()) {
    const { ids, imageIds, categoryIds, areas, scores, isCrowd, boxes } = annotations;
    const columns = [ids[row], imageIds[row], categoryIds[row], areas[row], scores[row], annotations.keypointCount(row)];
    const expected = ['id', 'image_id', 'category_id', 'area', 'score', 'num_keypoints'].map((key) => number(one[key]));
    if (!isDeepStrictEqual(columns, expected)) return `columns of annotations[${row}]`;
    const crowd = one['iscrowd'];
    if (isCrowd[row] !== (crowd === undefined || crowd === null ? 255 : crowd === 0 || crowd === false ? 0 : 1)) return `iscrowd of annotations[${row}]`;
    const box = isNumbers(one['bbox']) && one['bbox'].length === 4 ? one['bbox'] : [NaN, NaN, NaN, NaN];
    if (!isDeepStrictEqual(Array.from(boxes.subarray(4 * row, 4 * row + 4)), box)) return `box of annotations[${row}]`;
    if (!isDeepStrictEqual(annotations.record(row), one)) return `annotations[${row}]`;
    if (!hasSameSegmentation(dataset, row, one['segmentation'])) return `segmentation of annotations[${row}]`;
    if (!hasSameKeypoints(dataset, row, one['keypoints'])) return `keypoints of annotations[${row}]`;
  }
  return undefined;
}

function hasSameSegmentation({ annotations }: CocoDataset, row: number, value: unknown): boolean {
  const isPolygons = Array.isArray(value) && value.every(isNumbers);
  const isRle = isDict(value) && isNumbers(value['size']) && value['size'].length === 2 &&
    (typeof value['counts'] === 'string' || isNumbers(value['counts']));
  const got = resultOf(() => annotations.segmentation(row));
  if (value === undefined || value === null) return got === undefined;
  if (!isPolygons && !isRle) return got instanceof DataError;
  const expected = isPolygons ? value : { size: value['size'], counts: value['counts'] };
  const view = new SegmentationView();
  annotations.readSegmentation(row, view);
  return isDeepStrictEqual(got, expected) && isDeepStrictEqual(view.toSegmentation(), expected);
}

function hasSameKeypoints({ annotations }: CocoDataset, row: number, value: unknown): boolean {
  const got = resultOf(() => annotations.keypoints(row));
  if (value === undefined || value === null) return got === undefined;
  if (!isNumbers(value)) return got instanceof DataError;
  return isDeepStrictEqual(got, Float64Array.from(value));
}

/** What a call gives or throws. */
function resultOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
