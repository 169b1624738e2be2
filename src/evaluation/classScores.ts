// Scores of semantic segmentation from the areas of classes.
// Source: mmsegmentation 1.2.2, IoUMetric.total_area_to_metrics: a class whose score would be 0 / 0 has none, and means leave it
// out.

/** Areas of one class in pixels, over all maps, without ignored pixels. */
export interface ClassAreas {
  /** Predicted and labelled as this class. */
  readonly intersect: number;
  /** Predicted or labelled as this class. */
  readonly union: number;
  /** Predicted as this class. */
  readonly predicted: number;
  /** Labelled as this class. */
  readonly labelled: number;
}

/** Scores of one class, in [0, 1]; NaN where a class does not occur. */
export interface ClassScores {
  /** Intersection over union. */
  readonly iou: number;
  /** Share of its labelled pixels that were found: the recall. */
  readonly acc: number;
  /** Twice the intersection over the sum of both areas. */
  readonly dice: number;
  /** The harmonic mean of precision and recall, weighted by `beta`. */
  readonly fscore: number;
  /** Share of its predicted pixels that are right. */
  readonly precision: number;
  /** Share of its labelled pixels that were found. */
  readonly recall: number;
}

/** How scores are made from areas. */
export interface ClassScoreOptions {
  /** Weight of recall against precision in the F-score. Default 1. */
  readonly beta?: number;
  /** Put in the place of scores that do not exist, and then part of the means. Default: NaN, left out. */
  readonly nanTo?: number;
}

export function classScores(areas: ClassAreas, { beta = 1, nanTo = NaN }: ClassScoreOptions = {}): ClassScores {
  const { intersect, union, predicted, labelled } = areas;
  const precision = intersect / predicted;
  const recall = intersect / labelled;
  const fscore = ((1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall);
  const orNanTo = (score: number) => (Number.isNaN(score) ? nanTo : score);
  return {
    iou: orNanTo(intersect / union),
    acc: orNanTo(recall),
    dice: orNanTo((2 * intersect) / (predicted + labelled)),
    fscore: orNanTo(fscore),
    precision: orNanTo(precision),
    recall: orNanTo(recall),
  };
}

/** The mean over the classes that have this score; NaN when none has. */
export function meanScore(classes: readonly ClassScores[], score: keyof ClassScores): number {
  const values = classes.map((scores) => scores[score]).filter((value) => !Number.isNaN(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
