// TIDE: how much average precision each kind of error costs, found by repairing the errors of that kind alone.
// Source: Bolya, Foley, Hays, Hoffman: TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020; the numbers
// of the tidecv package 1.0.1, as fractions instead of percent.

import { ConfigError } from '../../errors.ts';
import type { CocoEval } from './cocoEval.ts';
import { comparePhotos } from './photoCells.ts';
import { tideErrors, tideErrorTypes, type TideDetection, type TideErrorType, type TideFindings } from './tideErrors.ts';
import { tideAp, type PrecisionPoint } from './tidePrecision.ts';

/** What counts as which error. */
export interface TideOptions {
  /** A detection is right from this IoU on. Default 0.5. */
  readonly iou?: number;
  /** Up to this IoU with any object a detection is background. Default 0.1. */
  readonly backgroundIou?: number;
  /** Detections per photo, of all classes together. Default 100. */
  readonly maxDets?: number;
}

/** What one kind of error costs. */
export interface TideError {
  /** Average precision, in [0, 1], that would be gained without this kind of error. */
  readonly dAp: number;
  /** Errors of this kind. */
  readonly count: number;
}

/** What each kind of error costs. */
export interface TideResult {
  /** In [0, 1], at the one IoU threshold. Classes without objects that have detections count with 0, unlike COCO's. */
  readonly ap: number;
  /** By kind. */
  readonly errors: Readonly<Record<TideErrorType, TideError>>;
  /** Gained if all wrong detections scored lowest. */
  readonly falsePositives: number;
  /** Gained if no object were missing. */
  readonly falseNegatives: number;
}

/**
 * Errors of an evaluation's detections. Of objects with the same id the last one stands for all, as in the evaluation itself;
 * tidecv, which does not look at ids, takes each as it is.
 * @throws ConfigError for keypoints, or for thresholds out of order
 */
export function tide(evaluation: CocoEval, { iou = 0.5, backgroundIou = 0.1, maxDets = 100 }: TideOptions = {}): TideResult {
  if (!(backgroundIou > 0 && backgroundIou < iou && iou <= 1)) {
    throw new ConfigError(`tide: expected 0 < backgroundIou < iou <= 1, got ${backgroundIou} and ${iou}`);
  }
  // All detections are compared: which of several with the same score are within the limit is tidecv's choice, not COCO's.
  const photos = comparePhotos(evaluation, { maxDets: 2 ** 31, iou, where: 'tide' });
  const place = new Map(photos.parameters.imageIds.map((id, i) => [id, i]));
  // A photo listed twice is one photo.
  const photoOrder = [...new Set(evaluation.truth.images.ids)].flatMap((id) => place.get(id) ?? []);
  const findings = tideErrors(photos, photoOrder, { iou, backgroundIou, maxDets });
  const ap = apRepaired(findings);
  const { detections, objects } = findings;
  const gain = (type: TideErrorType): TideError => ({
    dAp: Math.max(0, apRepaired(findings, type) - ap),
    count: type === 'missed' ? objects.filter(isMissed).length : detections.filter(({ error }) => error === type).length,
  });
  return {
    ap,
    errors: Object.fromEntries(tideErrorTypes.map((type) => [type, gain(type)])) as Record<TideErrorType, TideError>,
    falsePositives: tideAp(inOrder(findings).map((point) => ({ ...point, score: point.right ? 1 : 0 })), countBy(objects)) - ap,
    falseNegatives: tideAp(inOrder(findings), countBy(objects.filter(({ found }) => found))) - ap,
  };
}

/** With errors of one kind repaired: right where one can be, gone otherwise. Missed objects are not asked for any more. */
function apRepaired(findings: TideFindings, repaired?: TideErrorType): number {
  const { objects } = findings;
  const asked = countBy(repaired === 'missed' ? objects.filter((object) => !isMissed(object)) : objects);
  if (repaired === undefined) return tideAp(findings.detections.filter(({ ignored }) => !ignored).map(pointOf), asked);
  return tideAp(inOrder(findings, repaired), asked);
}

/** The detections that count; those that are wrong, repaired or not, before equally scored ones that are right, as in tidecv. */
function inOrder({ detections }: TideFindings, repaired?: TideErrorType): PrecisionPoint[] {
  const wrong = detections.filter(({ error }) => error !== undefined).flatMap((detection) => {
    if (detection.error !== repaired) return detection.ignored ? [] : [pointOf(detection)];
    const { target, score } = detection;
    return target?.best === detection ? [{ category: target.category, score, right: true }] : [];
  });
  return [...wrong, ...detections.filter(({ error }) => error === undefined).map(pointOf)];
}

function pointOf({ category, score, error }: TideDetection): PrecisionPoint {
  return { category, score, right: error === undefined };
}

function isMissed({ found, best }: TideFindings['objects'][number]): boolean {
  return !found && best === undefined;
}

function countBy(objects: TideFindings['objects']): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { category } of objects) counts.set(category, (counts.get(category) ?? 0) + 1);
  return counts;
}
