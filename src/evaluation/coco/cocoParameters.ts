// What COCO's evaluation can be told, with pycocotools' defaults.
// Source: pycocotools 2.0.11, cocoeval.Params; https://cocodataset.org/#detection-eval and #keypoints-eval.

import type { CocoDataset } from '../../data/coco/cocoDataset.ts';
import { ConfigError } from '../../errors.ts';
import { defaultSigmas } from './keypointSigmas.ts';

/** What is compared: boxes, masks, or people's keypoints by object keypoint similarity. */
export type IouType = 'bbox' | 'segm' | 'keypoints';

/** The parameters of an evaluation, each with a value. */
export interface CocoParameters {
  /** What is compared. */
  readonly iouType: IouType;
  /** [T] a detection matches from here on. Default: 0.5 to 0.95 in steps of 0.05. */
  readonly iouThresholds: readonly number[];
  /** [R] where precision is read off. Default: 0 to 1 in steps of 0.01. */
  readonly recallThresholds: readonly number[];
  /** [A] smallest and largest area in px², both inclusive. Default: all, to 32², to 96², above; keypoints: not the second. */
  readonly areaRanges: readonly (readonly [smallest: number, largest: number])[];
  /** [A] names of the ranges. `summarize` looks for all, small, medium and large. */
  readonly areaLabels: readonly string[];
  /** [M] detections per photo and class that count, best first. Ascending. Default: 1, 10, 100; keypoints: 20. */
  readonly maxDets: readonly number[];
  /** Whether classes are evaluated apart. If not, K is 1 and a detection may match an object of any class. Default: true. */
  readonly useCats: boolean;
  /** Photos, ascending. Default: all of the ground truth. */
  readonly imageIds: readonly number[];
  /** [K] classes; ascending with useCats. Default: all of the ground truth. */
  readonly categoryIds: readonly number[];
  /** Of each keypoint, how much its labels vary as a fraction of the object's size. Default: see defaultSigmas. */
  readonly keypointSigmas: readonly number[];
}

/** What differs from the defaults. */
export type CocoOptions = Partial<Omit<CocoParameters, 'iouType'>> & Pick<CocoParameters, 'iouType'>;

const LARGEST = 1e5 ** 2;
const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;

/**
 * Completes options.
 * @throws ConfigError naming the parameter that cannot work
 */
export function resolveParameters(options: CocoOptions, truth: CocoDataset): CocoParameters {
  const { iouType, useCats = true } = options;
  if (!['bbox', 'segm', 'keypoints'].includes(iouType)) fail("'bbox', 'segm' or 'keypoints'", 'iouType', iouType);
  const keypoints = iouType === 'keypoints';
  const ranges: CocoParameters['areaRanges'] = [[0, LARGEST], ...keypoints ? [] : [[0, SMALL] as const], [SMALL, MEDIUM], [MEDIUM, LARGEST]];
  const labels = ['all', ...keypoints ? [] : ['small'], 'medium', 'large'];
  const areaRanges = options.areaRanges ?? ranges;
  const areaLabels = options.areaLabels ?? (options.areaRanges === undefined ? labels : areaRanges.map(([low, high]) => `${low}-${high}`));
  if (areaLabels.length !== areaRanges.length) fail(`one label per area range (${areaRanges.length})`, 'areaLabels', areaLabels);
  checkNumbers('areaRanges', areaRanges.flat());
  const maxDets = options.maxDets ?? (keypoints ? [20] : [1, 10, 100]);
  if (maxDets.length === 0 || !maxDets.every((most) => Number.isInteger(most) && most >= 0)) fail('whole numbers from 0 on', 'maxDets', maxDets);
  const categoryIds = options.categoryIds ?? truth.categories.map(({ id }) => id).sort(ascending);
  return {
    iouType,
    iouThresholds: checkNumbers('iouThresholds', options.iouThresholds ?? linspace(0.5, 0.95, 10)),
    recallThresholds: checkNumbers('recallThresholds', options.recallThresholds ?? linspace(0, 1, 101)),
    areaRanges,
    areaLabels,
    maxDets: maxDets.toSorted(ascending),
    useCats,
    imageIds: uniqueAscending(options.imageIds ?? Array.from(truth.images.ids)),
    categoryIds: useCats ? uniqueAscending(categoryIds) : [...categoryIds],
    keypointSigmas: checkSigmas(options.keypointSigmas ?? (keypoints ? defaultSigmas(truth) : [])),
  };
}

/** `count` numbers from `start` to `stop` in equal steps, in numpy.linspace's arithmetic. */
function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

function uniqueAscending(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort(ascending);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function checkNumbers(name: keyof CocoParameters, values: readonly number[]): readonly number[] {
  if (values.length === 0 || values.some((value) => Number.isNaN(value))) fail('one number or more', name, values);
  return values;
}

function checkSigmas(sigmas: readonly number[]): readonly number[] {
  if (!sigmas.every((sigma) => sigma > 0)) fail('numbers above 0', 'keypointSigmas', sigmas);
  return sigmas;
}

function fail(what: string, name: keyof CocoParameters, got: unknown): never {
  throw new ConfigError(`CocoEval: expected ${what} for ${name}, got ${JSON.stringify(got)}`);
}
