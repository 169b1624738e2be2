// Tables over records that are already objects.

import { DataError } from '../../errors.ts';
import { AnnotationColumns } from './annotationColumns.ts';
import type { AnnotationTable } from './annotationTable.ts';
import { describeValue } from './describeValue.ts';
import { EXACT_ID, isExactId } from './exactId.ts';
import type { ImageTable } from './imageTable.ts';
import type { CocoAnnotation, CocoImage, Segmentation } from './records.ts';
import { expectOwnIds } from './roundedIds.ts';

/**
 * Columns over annotation objects; the objects are kept, not copied.
 * @param where what an error calls the list: `annotations` or `results`
 * @throws DataError naming the entry for a field of the wrong type
 */
export function annotationTableOf(records: readonly CocoAnnotation[], where: string): AnnotationTable {
  const columns = new AnnotationColumns(Math.max(1, records.length));
  const rowsWithNaN = new Set<number>();
  const isResults = where === 'results'; // they are numbered anew
  records.forEach((entry: unknown, index) => {
    const place = `${where}[${index}]`;
    const record = objectAt(entry, place);
    const id = record['id'];
    const number = (key: string): number => {
      if (Number.isNaN(record[key])) rowsWithNaN.add(index);
      return optionalNumber(record[key], `${place}.${key}`, id);
    };
    const exactId = (key: string): number => {
      const value = number(key);
      if (!Number.isNaN(value) && !isExactId(value)) throw wrong(EXACT_ID, `${place}.${key}`, value, id);
      return value;
    };
    const ownId = (): number => {
      const value = number('id');
      if (Math.abs(value) === Infinity && !isResults) throw wrong(EXACT_ID, `${place}.id`, value, id);
      if (!Number.isNaN(value) && !isExactId(value)) columns.hasRoundedIds = true;
      return value;
    };
    columns.begin();
    columns.ids[index] = ownId();
    columns.imageIds[index] = exactId('image_id');
    columns.categoryIds[index] = exactId('category_id');
    columns.areas[index] = number('area');
    columns.scores[index] = number('score');
    columns.keypointCounts[index] = number('num_keypoints');
    const crowd = record['iscrowd'];
    const crowdNumber = typeof crowd === 'boolean' ? Number(crowd) : number('iscrowd');
    if (!Number.isNaN(crowdNumber)) columns.isCrowd[index] = crowdNumber === 0 ? 0 : 1;
    const box = record['bbox'];
    if (box !== undefined && box !== null && !(Array.isArray(box) && box.length === 0)) {
      if (!isNumbers(box) || box.length !== 4) throw wrong('x, y, width, height', `${place}.bbox`, box, id);
      if (box.some(Number.isNaN)) rowsWithNaN.add(index);
      columns.boxes.set(box, 4 * index);
    }
    columns.commit();
  });
  columns.trim();
  if (columns.hasRoundedIds && !isResults) expectOwnIds(columns.ids, 'the data');
  const segmentation = (index: number): Segmentation | undefined => {
    const { segmentation: value, id } = records[index]!;
    return segmentationOf(value, `${where}[${index}].segmentation`, id);
  };
  return {
    count: columns.count,
    ids: columns.ids,
    imageIds: columns.imageIds,
    categoryIds: columns.categoryIds,
    boxes: columns.boxes,
    areas: columns.areas,
    scores: columns.scores,
    isCrowd: columns.isCrowd,
    rowsWithNaN,
    segmentation,
    readSegmentation: (index, view) => view.assign(segmentation(index)),
    keypoints: (index) => {
      const { keypoints, id } = records[index]!;
      return keypointsOf(keypoints, `${where}[${index}].keypoints`, id);
    },
    keypointCount: (index) => columns.keypointCounts[index]!,
    record: (index) => records[index]!,
  };
}

/** Columns over image objects; the objects are kept, not copied. */
export function imageTableOf(records: readonly CocoImage[]): ImageTable {
  const column = (key: string): Float64Array => Float64Array.from(records, (entry: unknown, index) =>
    optionalNumber(objectAt(entry, `images[${index}]`)[key], `images[${index}].${key}`));
  const ids = column('id');
  const rounded = ids.findIndex((id) => !Number.isNaN(id) && !isExactId(id));
  if (rounded !== -1) throw wrong(EXACT_ID, `images[${rounded}].id`, ids[rounded]);
  return { count: records.length, ids, widths: column('width'), heights: column('height'), record: (index) => records[index]! };
}

/** A value of a record as a segmentation; undefined and null are none. */
export function segmentationOf(value: unknown, place: string, id?: unknown): Segmentation | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every(isNumbers)) return value;
  if (isRle(value)) return value;
  throw wrong('polygons [[x, y, …], …] or a mask { size: [height, width], counts }', place, value, id);
}

/** A value of a record as keypoints; undefined and null are none. */
function keypointsOf(value: unknown, place: string, id?: unknown): Float64Array | undefined {
  if (value === undefined || value === null) return undefined;
  const isNested = Array.isArray(value) && value.length > 0 && value.every((one) => isNumbers(one) && one.length === 3);
  const flat: unknown = isNested ? value.flat() : value;
  if (!isNumbers(flat)) throw wrong('a list of numbers x, y, visibility, …', place, value, id);
  return Float64Array.from(flat);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isRle(value: unknown): value is Exclude<Segmentation, readonly unknown[]> {
  if (typeof value !== 'object' || value === null || !('size' in value) || !('counts' in value)) return false;
  const { size, counts } = value;
  return isNumbers(size) && size.length === 2 && (typeof counts === 'string' || isNumbers(counts));
}

function objectAt(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('an object', place, value);
  return value as Record<string, unknown>;
}

function optionalNumber(value: unknown, place: string, id?: unknown): number {
  if (value === undefined || value === null) return NaN;
  if (typeof value !== 'number') throw wrong('a number', place, value, id);
  return value;
}

function wrong(what: string, place: string, value: unknown, id?: unknown): DataError {
  const whose = typeof id === 'number' ? ` (annotation id ${id})` : '';
  return new DataError(`CocoDataset: expected ${what} for ${place}${whose}, got ${describeValue(value)}`);
}
