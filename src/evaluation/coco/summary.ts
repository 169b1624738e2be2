// The twelve numbers of COCO's detection challenge, ten for keypoints, and the lines that pycocotools prints.
// Source: pycocotools 2.0.11, COCOeval.summarize.

import { ConfigError } from '../../errors.ts';
import type { CocoCurves } from './accumulate.ts';
import type { CocoParameters } from './cocoParameters.ts';
import { allIndices, indicesOf, meanOfFound, meanRecall } from './curveMeans.ts';

/** The numbers by which detectors are compared. */
export interface CocoSummary {
  /** [12] or, of keypoints, [10]; -1 where there is nothing to average. */
  readonly stats: readonly number[];
  /** One per number, as pycocotools prints them. */
  readonly lines: readonly string[];
}

interface Question {
  readonly kind: 'precision' | 'recall';
  /** Default: the mean over all. */
  readonly iou?: number;
  /** Default: all. */
  readonly area?: string;
  readonly maxDets: number;
}

/** @throws ConfigError for boxes and masks unless there are three maxDets */
export function summarizeCurves(curves: CocoCurves, parameters: CocoParameters): CocoSummary {
  const answers = (parameters.iouType === 'keypoints' ? keypointQuestions() : detectionQuestions(parameters.maxDets))
    .map((question) => ({ question, mean: meanOf(question, curves, parameters) }));
  return { stats: answers.map(({ mean }) => mean), lines: answers.map(({ question, mean }) => line(question, mean, parameters)) };
}

function detectionQuestions(maxDets: readonly number[]): Question[] {
  const [few, some, many] = maxDets;
  if (few === undefined || some === undefined || many === undefined) {
    throw new ConfigError(`CocoEval.summarize: expected three maxDets, got ${JSON.stringify(maxDets)}`);
  }
  return [
    // pycocotools asks for 100 here, whatever maxDets is.
    { kind: 'precision', maxDets: 100 },
    { kind: 'precision', iou: 0.5, maxDets: many },
    { kind: 'precision', iou: 0.75, maxDets: many },
    { kind: 'precision', area: 'small', maxDets: many },
    { kind: 'precision', area: 'medium', maxDets: many },
    { kind: 'precision', area: 'large', maxDets: many },
    { kind: 'recall', maxDets: few },
    { kind: 'recall', maxDets: some },
    { kind: 'recall', maxDets: many },
    { kind: 'recall', area: 'small', maxDets: many },
    { kind: 'recall', area: 'medium', maxDets: many },
    { kind: 'recall', area: 'large', maxDets: many },
  ];
}

function keypointQuestions(): Question[] {
  return (['precision', 'recall'] as const).flatMap((kind): Question[] => [
    { kind, maxDets: 20 },
    { kind, iou: 0.5, maxDets: 20 },
    { kind, iou: 0.75, maxDets: 20 },
    { kind, area: 'medium', maxDets: 20 },
    { kind, area: 'large', maxDets: 20 },
  ]);
}

/** The mean of what is not -1, or -1. */
function meanOf({ kind, iou, area = 'all', maxDets }: Question, curves: CocoCurves, parameters: CocoParameters): number {
  const [T, R, K, A, M] = curves.shape;
  const areas = indicesOf(parameters.areaLabels, area);
  const limits = indicesOf(parameters.maxDets, maxDets);
  const thresholds = iou === undefined ? allIndices(T) : indicesOf(parameters.iouThresholds, iou);
  const pairs = pair(areas, limits);
  const [single] = pairs;
  if (pairs.length === 1 && single !== undefined) {
    // The usual case is found without the other area ranges and limits.
    if (kind === 'precision') return curves.meanPrecision(...single, thresholds);
    return meanRecall(curves, { thresholds, classes: allIndices(K), area: single[0], limit: single[1] });
  }
  const rows = kind === 'precision' ? R : 1;
  const values = curves[kind];
  return meanOfFound(thresholds.flatMap((t) => Array.from({ length: rows * K }, (_, i) =>
    pairs.map(([a, m]) => values[((t * rows * K + i) * A + a) * M + m]!)).flat()));
}

/** numpy's indexing by two lists: the i-th of one with the i-th of the other, a single one with all. */
function pair(areas: readonly number[], limits: readonly number[]): [number, number][] {
  if (areas.length === 1) return limits.map((m) => [areas[0]!, m]);
  if (limits.length === 1) return areas.map((a) => [a, limits[0]!]);
  if (areas.length === limits.length) return areas.map((a, i) => [a, limits[i]!]);
  throw new ConfigError('CocoEval.summarize: expected no label in areaLabels and no number in maxDets to occur twice, got both');
}

function line({ kind, iou, area = 'all', maxDets }: Question, mean: number, { iouThresholds }: CocoParameters): string {
  const name = kind === 'precision' ? 'Average Precision  (AP)' : 'Average Recall     (AR)';
  const range = iou === undefined ? `${fixed(iouThresholds[0]!, 2)}:${fixed(iouThresholds.at(-1)!, 2)}` : fixed(iou, 2);
  return ` ${name} @[ IoU=${range.padEnd(9)} | area=${area.padStart(6)} | maxDets=${`${maxDets}`.padStart(3)} ] = ${fixed(mean, 3)}`;
}

/** A number with that many decimals as Python and C print it: a value exactly half way goes to the even digit. */
export function fixed(value: number, decimals: number): string {
  const rounded = value.toFixed(decimals);
  // Half way means an odd number of halves of 2^-decimals; toFixed has then gone up in magnitude.
  const halves = Math.abs(value) * 2 ** (decimals + 1);
  const scaled = Math.abs(value) * 10 ** decimals;
  if (!Number.isInteger(halves) || halves % 2 === 0 || scaled % 1 !== 0.5 || Math.floor(scaled) % 2 === 1) return rounded;
  return (Math.sign(value) * Math.floor(scaled) / 10 ** decimals).toFixed(decimals);
}
