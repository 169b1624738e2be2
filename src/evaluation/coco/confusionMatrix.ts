// Which class is taken for which: detections matched with objects of any class, COCO's way without classes (useCats 0): best
// score first, each takes the object it covers best among those that are left.

import { CellMatcher } from './cellMatcher.ts';
import type { CocoEval } from './cocoEval.ts';
import { comparePhotos } from './photoCells.ts';

/** What counts as a match. */
export interface ConfusionOptions {
  /** A detection matches from this IoU on. Default 0.5. */
  readonly iou?: number;
  /** Detections below this score are left out. Default 0.3. */
  readonly score?: number;
  /** Detections per photo that count, of all classes together. Default: the largest of the evaluation's maxDets. */
  readonly maxDets?: number;
}

/** Which class was taken for which. */
export interface ConfusionMatrix {
  /** [K] ids of the classes in rows and columns; one more of each stands for the background. */
  readonly categoryIds: readonly number[];
  /**
   * [(K + 1) * (K + 1)] row: class of the object, the last for detections that match none; column: class of the detection, the
   * last for objects that no detection matches. Crowds, and detections that match one, are left out.
   */
  readonly counts: Float64Array;
}

/** @throws ConfigError for keypoints */
export function confusionMatrix(evaluation: CocoEval, options: ConfusionOptions = {}): ConfusionMatrix {
  const { iou = 0.5, score = 0.3, maxDets = evaluation.parameters.maxDets.at(-1)! } = options;
  const photos = comparePhotos(evaluation, { maxDets, iou, where: 'confusionMatrix' });
  const { cells, truth, detected, parameters } = photos;
  const { categoryIds } = parameters;
  const background = categoryIds.length;
  const counts = new Float64Array((background + 1) ** 2);
  const classOf = new Map(categoryIds.map((id, k) => [id, k]));
  const count = (row: number, column: number): void => {
    counts[row * (background + 1) + column]! += 1;
  };
  const matcher = new CellMatcher(photos);
  for (let cell = 0; cell < cells.count; cell++) {
    const { matches, ignored } = matcher.match(cell, 0);
    const found = new Set<number>();
    const truths = cells.truths.subarray(cells.truthStarts[cell], cells.truthStarts[cell + 1]);
    const truthClass = (g: number) => classOf.get(truth.categoryIds[truths[g]!]!)!;
    const rows = cells.detections.subarray(cells.detectionStarts[cell], cells.detectionStarts[cell + 1]);
    for (const [d, row] of rows.entries()) {
      if (detected.scores[row]! < score) break; // best first, and a match depends on better ones alone
      const match = matches[d]!;
      if (match !== -1 && ignored[match] === 1) continue;
      if (match !== -1) found.add(match);
      count(match === -1 ? background : truthClass(match), classOf.get(detected.categoryIds[row]!)!);
    }
    for (let g = 0; g < truths.length; g++) if (ignored[g] === 0 && !found.has(g)) count(truthClass(g), background);
  }
  return { categoryIds, counts };
}
