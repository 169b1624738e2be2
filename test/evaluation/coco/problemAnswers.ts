// What an evaluation makes of a random problem, bit for bit, to be compared with what pycocotools makes of it: at once
// (cocoEval.slow.test.ts), or as test/fixtures/coco_random.json keeps it.

import { createHash } from 'node:crypto';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions, IouType } from '../../../src/evaluation/coco/cocoParameters.ts';
import type { Problem } from './randomProblem.ts';

/** Doubles, base64 of their bytes: -0 and NaN count as themselves. */
type Floats = string;

interface Photo extends Readonly<Record<
  'detectionIds' | 'truthIds' | 'detectionMatches' | 'truthMatches' | 'scores' | 'truthIgnored' | 'detectionIgnored', Floats
>> {
  readonly image: number;
  readonly category: number;
  /** Sorted. */
  readonly ious: number[];
}

export interface Answer extends Readonly<Record<'stats' | 'precision' | 'recall' | 'scores', Floats>> {
  readonly photos: readonly Photo[];
}

/** An answer in a few words: the statistics, and hashes of all else. */
export interface StoredAnswer {
  readonly stats: readonly number[];
  /** Of precision, recall and scores. */
  readonly curves: string;
  /** Of the photos, their overlaps only where those are equal to the bit. */
  readonly photos: string;
}

/** Of each kind, the answers to the problems of seeds 0, 1, … */
export type StoredAnswers = Readonly<Record<IouType, readonly StoredAnswer[]>>;

export async function evaluateProblem(problem: Problem): Promise<CocoEval> {
  const truth = CocoDataset.fromBytes(Buffer.from(JSON.stringify(problem.truth)));
  return new CocoEval(truth, await truth.loadRes(Buffer.from(JSON.stringify(problem.results))), optionsOf(problem));
}

/** @param area label of the range whose matches are told */
export function answerOf(evaluation: CocoEval, area: string): Answer {
  const { imageIds, categoryIds, useCats } = evaluation.parameters;
  const { precision, recall, scores } = evaluation.accumulate();
  const { stats } = evaluation.summarize();
  const photos = (useCats ? categoryIds : [-1]).flatMap((category) => imageIds.flatMap((image): Photo[] => {
    const matches = evaluation.matchesOf(image, category, area);
    return matches === undefined ? [] : [{
      image, category,
      detectionIds: encode(matches.detectionIds),
      truthIds: encode(matches.truthIds),
      detectionMatches: encode(matches.detectionMatches),
      truthMatches: encode(matches.truthMatches),
      scores: encode(matches.scores),
      truthIgnored: encode(matches.truthIgnored),
      detectionIgnored: encode(matches.detectionIgnored),
      ious: Array.from(matches.ious).sort((a, b) => a - b),
    }];
  }));
  return { stats: encode(stats), precision: encode(precision), recall: encode(recall), scores: encode(scores), photos };
}

export function stored({ stats, precision, recall, scores, photos }: Answer, iouType: IouType): StoredAnswer {
  // Similarities of keypoints rest on exp, whose last bit numpy and V8 do not share.
  const told = photos.map(({ ious, ...rest }) => ({ ...rest, ious: iouType === 'keypoints' ? [] : encode(ious) }))
    .sort((a, b) => a.image - b.image || a.category - b.category);
  return {
    stats: [...new Float64Array(Uint8Array.from(Buffer.from(stats, 'base64')).buffer)],
    curves: hash([precision, recall, scores]),
    photos: hash(told.map((photo) => Object.entries(photo).sort(([a], [b]) => (a < b ? -1 : 1)))),
  };
}

function optionsOf({ iouType, params }: Problem): CocoOptions {
  const { iouThrs, recThrs, maxDets, areaRng, areaRngLbl, useCats, imgIds, catIds } = params;
  return {
    iouType,
    ...iouThrs && { iouThresholds: iouThrs },
    ...recThrs && { recallThresholds: recThrs },
    ...maxDets && { maxDets },
    ...areaRng && { areaRanges: areaRng },
    ...areaRngLbl && { areaLabels: areaRngLbl },
    ...useCats !== undefined && { useCats: useCats === 1 },
    ...imgIds && { imageIds: imgIds },
    ...catIds && { categoryIds: catIds },
  };
}

function encode(values: ArrayLike<number>): Floats {
  return Buffer.from(Float64Array.from(values).buffer).toString('base64');
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
