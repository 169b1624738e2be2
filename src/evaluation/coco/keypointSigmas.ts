// How much the labels of each keypoint vary, where nobody says.

import type { CocoDataset } from '../../data/coco/cocoDataset.ts';

/** Of COCO's people, ten times. Source: pycocotools 2.0.11, cocoeval.Params. */
const PERSON_SIGMAS = [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89];

/** Keypoints of an object, as the first that has some says; COCO's 17 where none has. */
export function keypointsPerObject({ annotations }: CocoDataset): number {
  for (let row = 0; row < annotations.count; row++) {
    const keypoints = annotations.keypoints(row);
    if (keypoints !== undefined && keypoints.length > 0) return Math.floor(keypoints.length / 3);
  }
  return PERSON_SIGMAS.length;
}

/** COCO's for 17 keypoints; 1 / n each for n others, as Ultralytics takes them (pycocotools has none). */
export function defaultSigmas(truth: CocoDataset): readonly number[] {
  const count = keypointsPerObject(truth);
  return count === PERSON_SIGMAS.length ? PERSON_SIGMAS.map((sigma) => sigma / 10) : new Array<number>(count).fill(1 / count);
}
