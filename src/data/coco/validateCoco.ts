// Looks through a data set for everything that cocoFindings.ts lists.

import { DataError } from '../../errors.ts';
import type { AnnotationTable } from './annotationTable.ts';
import { findingOf, FINDING_RULES, type CocoFinding, type FindingKind } from './cocoFindings.ts';
import { isExactId } from './exactId.ts';
import type { ImageTable } from './imageTable.ts';
import { isDrawable } from './polygonRle.ts';
import type { CocoCategory } from './records.ts';
import { isMaskSize } from './rle.ts';
import { isPythonBytes, readRuns } from './rleString.ts';
import { SegmentationView } from './segmentationView.ts';

/** What is looked at; a CocoDataset has it. */
interface CocoTables {
  readonly images: ImageTable;
  readonly annotations: AnnotationTable;
  readonly categories: readonly CocoCategory[];
  readonly isResults: boolean;
  /** Of results. */
  readonly truth?: { readonly annotations: AnnotationTable } | undefined;
  /** Rows by id; -1 where there is none. */
  imageRow(id: number): number;
  annotationRow(id: number): number;
}

/** A box may reach out of its photo by that many px: coordinates are rounded to hundredths. */
const BOX_TOLERANCE = 0.01;

/**
 * Checks every annotation, photo and category; segmentations are decoded one by one, and not kept.
 * @param onProgress is told after every 65,536 annotations
 * @returns one finding per kind of fault, the fatal ones first; none for a faultless file
 * @throws DataError naming the first result without run lengths, where others have them
 */
export function validateCoco(dataset: CocoTables, onProgress?: (checked: number, inAll: number) => void): CocoFinding[] {
  const rows = new Map<FindingKind, number[]>();
  const add = (kind: FindingKind, row: number): void => {
    const list = rows.get(kind);
    if (list === undefined) rows.set(kind, [row]);
    else list.push(row);
  };
  checkImages(dataset, add);
  checkCategories(dataset, add);
  const incomplete = whyIncomplete(dataset.annotations);
  checkAnnotations(dataset, incomplete === undefined, add, onProgress);
  const isFound = (['rle-broken', 'rle-python-bytes', 'segmentation-form'] as const).some((kind) => rows.has(kind));
  if (incomplete !== undefined && !isFound) throw incomplete;
  const idsOf = {
    annotations: (row: number) => dataset.annotations.ids[row]!,
    images: (row: number) => dataset.images.ids[row]!,
    categories: (row: number) => dataset.categories[row]!.id,
  };
  const severities = ['fatal', 'repaired', 'kept'];
  return [...rows].map(([kind, found]) => findingOf(kind, found.map(idsOf[FINDING_RULES[kind].of]), found))
    .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

type Add = (kind: FindingKind, row: number) => void;

function checkImages(dataset: CocoTables, add: Add): void {
  const { count, ids, widths, heights } = dataset.images;
  for (let row = 0; row < count; row++) {
    if (Number.isNaN(ids[row])) add('image-without-id', row);
    else if (dataset.imageRow(ids[row]!) !== row) add('duplicate-image', row);
    if (!isMaskSize(heights[row]!, widths[row]!) || heights[row] === 0 || widths[row] === 0) add('image-size', row);
  }
}

function checkCategories({ categories }: CocoTables, add: Add): void {
  const lastOfId = new Map(categories.map(({ id }, row) => [id, row]));
  const lastOfName = new Map(categories.map(({ name }, row) => [name, row]));
  categories.forEach(({ id, name }, row) => {
    if (lastOfId.get(id) !== row) add('duplicate-category', row);
    else if (lastOfName.get(name) !== row) add('duplicate-category-name', row);
  });
}

/** Areas and boxes of results may have to be found from their masks: the error, if one of those cannot be read. */
function whyIncomplete(annotations: AnnotationTable): DataError | undefined {
  try {
    annotations.areas.at(0); // found now
    return undefined;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function checkAnnotations(
  dataset: CocoTables, isComplete: boolean, add: Add, onProgress?: (checked: number, inAll: number) => void,
): void {
  const { annotations, isResults } = dataset;
  const { count, scores, isCrowd } = annotations;
  const usualKeypoints = (dataset.truth && keypointsOfFirst(dataset.truth.annotations)) ?? keypointsOfFirst(annotations);
  const keypointsOfCategory = new Map(dataset.categories.map(({ id, keypoints }) => [id, keypoints?.length]));
  const view = new SegmentationView();
  for (let row = 0; row < count; row++) {
    if (row > 0 && row % 65_536 === 0) onProgress?.(row, count);
    const category = annotations.categoryIds[row]!;
    const image = dataset.imageRow(annotations.imageIds[row]!);
    checkId(dataset, row, add);
    if (Number.isNaN(annotations.imageIds[row])) add('missing-image-id', row);
    else if (image < 0) add('unknown-image', row);
    if (Number.isNaN(category)) add('missing-category-id', row);
    else if (!keypointsOfCategory.has(category)) add('unknown-category', row);
    if (isCrowd[row] === 255 && !isResults) add('missing-iscrowd', row);
    const expected = { named: keypointsOfCategory.get(category), usual: usualKeypoints };
    const hasFiniteKeypoints = checkKeypoints(dataset, row, expected, add);
    const hasFinitePolygons = checkSegmentation(dataset, row, image, view, add);
    if (!isComplete) continue;
    if (!hasFiniteKeypoints || !hasFinitePolygons || annotations.rowsWithNaN.has(row) || hasInfinity(annotations, row)) {
      add('not-finite', row);
      continue;
    }
    if (Number.isNaN(annotations.areas[row])) add('missing-area', row);
    if (Number.isNaN(scores[row]) && isResults) add('missing-score', row);
    checkBox(dataset, row, image, add);
  }
}

function hasInfinity({ areas, scores, boxes }: AnnotationTable, row: number): boolean {
  const isInfinite = (value = 0): boolean => Math.abs(value) === Infinity;
  return isInfinite(areas[row]) || isInfinite(scores[row]) || boxes.subarray(4 * row, 4 * row + 4).some(isInfinite);
}

function checkId(dataset: CocoTables, row: number, add: Add): void {
  const id = dataset.annotations.ids[row]!;
  if (Number.isNaN(id)) add('missing-id', row);
  else if (!Number.isInteger(id)) add('id-not-whole', row);
  else if (!isExactId(id)) add('id-rounded', row);
  else if (id === 0) add('id-zero', row);
  if (!Number.isNaN(id) && dataset.annotationRow(id) !== row) add('duplicate-id', row);
}

function checkBox({ annotations: { boxes }, images }: CocoTables, row: number, image: number, add: Add): void {
  const [x = NaN, y = NaN, width = NaN, height = NaN] = boxes.subarray(4 * row, 4 * row + 4);
  if (Number.isNaN(x)) add('missing-box', row);
  else if (!(width > 0 && height > 0)) add('box-without-extent', row);
  const out = Math.max(-x, -y, x + width - (images.widths[image] ?? NaN), y + height - (images.heights[image] ?? NaN));
  if (out > BOX_TOLERANCE) add('box-outside-image', row);
}

/** How many keypoints the first annotation has that has some. Results have as many as their ground truth. */
function keypointsOfFirst(annotations: AnnotationTable): number | undefined {
  for (let row = 0; row < annotations.count; row++) {
    try {
      const keypoints = annotations.keypoints(row);
      if (keypoints !== undefined && keypoints.length > 0) return Math.floor(keypoints.length / 3);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  return undefined;
}

/**
 * @param expected keypoints that the category names, and those of the first annotation with some, be it of the ground truth
 * @returns whether all its numbers are finite
 */
function checkKeypoints(
  { annotations, isResults }: CocoTables, row: number, { named, usual }: Readonly<Record<'named' | 'usual', number | undefined>>, add: Add,
): boolean {
  const expected = named ?? usual;
  let keypoints: Float64Array | undefined;
  try {
    keypoints = annotations.keypoints(row);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    add('keypoint-form', row);
  }
  if (keypoints === undefined) {
    if (named !== undefined && named > 0 && !isResults) add('missing-keypoints', row);
    return true;
  }
  if (keypoints.length % 3 !== 0 || (expected !== undefined && keypoints.length !== 3 * expected)) add('keypoint-form', row);
  const visibilities = keypoints.filter((_, i) => i % 3 === 2);
  if (!isResults) {
    if (!visibilities.every((value) => value === 0 || value === 1 || value === 2)) add('keypoint-visibility', row);
    if (annotations.keypointCount(row) !== visibilities.filter((value) => value > 0).length) add('keypoint-count', row);
  }
  return keypoints.every(Number.isFinite);
}

/** @returns whether all its numbers are finite */
function checkSegmentation(
  { annotations, images, isResults }: CocoTables, row: number, image: number, view: SegmentationView, add: Add,
): boolean {
  try {
    annotations.readSegmentation(row, view);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    add('segmentation-form', row);
    return true;
  }
  if (view.kind === 'none') {
    if (!isResults) add('missing-segmentation', row);
    return true;
  }
  if (view.kind === 'polygons') return checkPolygons(view, row, add);
  const { height, width } = view;
  if (image >= 0 && (height !== images.heights[image] || width !== images.widths[image])) add('rle-size', row);
  if (view.kind === 'string' && isPythonBytes(view.bytes, view.start)) add('rle-python-bytes', row);
  else if (!coversImage(view)) add('rle-broken', row);
  return true;
}

function checkPolygons({ numbers, polygonEnds, polygonCount }: SegmentationView, row: number, add: Add): boolean {
  if (polygonCount === 0) add('empty-segmentation', row);
  let start = 0;
  let [isShort, isOdd] = [false, false];
  for (let i = 0; i < polygonCount; i++) {
    const length = polygonEnds[i]! - start;
    isShort ||= length < 6;
    isOdd ||= length % 2 === 1;
    start = polygonEnds[i]!;
  }
  if (isShort) add('two-point-polygon', row);
  if (isOdd) add('odd-polygon', row);
  let [isFinite, isInRange] = [true, true];
  for (let i = 0; i < start; i++) {
    isFinite &&= Math.abs(numbers[i]!) < Infinity; // false for NaN too
    isInRange &&= isDrawable(numbers[i]!);
  }
  if (isFinite && !isInRange) add('polygon-range', row);
  return isFinite;
}

/** Whether run lengths are whole numbers from 0 on that add up to height * width. */
function coversImage(view: SegmentationView): boolean {
  const { kind, height, width, numbers, numberCount } = view;
  const pixels = height * width;
  if (!(Number.isInteger(height) && Number.isInteger(width) && height >= 0 && width >= 0 && pixels < 2 ** 32)) return false;
  let sum = 0;
  if (kind === 'counts') {
    for (let i = 0; i < numberCount; i++) {
      if (!(Number.isInteger(numbers[i]) && numbers[i]! >= 0)) return false;
      sum += numbers[i]!;
    }
    return sum === pixels;
  }
  try {
    for (const run of readRuns(view.bytes, view.start, view.end, pixels, view.isEscaped)) sum += run;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return false;
  }
  return sum === pixels;
}
