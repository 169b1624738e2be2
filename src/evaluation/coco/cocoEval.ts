// COCO's evaluation of detections: the numbers of pycocotools' COCOeval, to the last bit.

import type { CocoDataset } from '../../data/coco/cocoDataset.ts';
import { ConfigError } from '../../errors.ts';
import { CocoCurves } from './accumulate.ts';
import { compareCells } from './cellIous.ts';
import { cellMatches, type CellMatches } from './cellMatches.ts';
import { CellMatcher } from './cellMatcher.ts';
import { resolveParameters, type CocoOptions, type CocoParameters } from './cocoParameters.ts';
import type { DetectionStates, Evaluation } from './detectionStates.ts';
import { findCell, groupIntoCells } from './evaluationCells.ts';
import { hireMaskHelp } from './maskHelp.ts';
import { summarizeCurves, type CocoSummary } from './summary.ts';

/**
 * Compares detections with the ground truth.
 *
 *     const truth = await CocoDataset.open('instances_val2017.json');
 *     const evaluation = new CocoEval(truth, await truth.loadRes('detections.json'), { iouType: 'bbox' });
 *     console.log(evaluation.summarize().lines.join('\n'));
 *
 * Each step runs the steps before it where that has not happened yet.
 * As pycocotools: `ignore` marks are replaced by `iscrowd`; a missing `iscrowd` counts as 0 (pycocotools fails); of annotations
 * with the same id the last one stands for all; an object with id 0 never counts as found; with keypoints and without useCats
 * nothing matches.
 */
export class CocoEval {
  /** The objects. */
  readonly truth: CocoDataset;
  /** What was found. */
  readonly detections: CocoDataset;
  /** As they hold for this evaluation, defaults filled in. */
  readonly parameters: CocoParameters;
  #evaluation: Evaluation | undefined;
  #matcher: CellMatcher | undefined;
  #states: DetectionStates | undefined;
  #curves: CocoCurves | undefined;

  /**
   * @param truth the ground truth
   * @param detections results, as `truth.loadRes` makes them
   * @throws ConfigError naming the parameter that cannot work
   */
  constructor(truth: CocoDataset, detections: CocoDataset, options: CocoOptions) {
    this.truth = truth;
    this.detections = detections;
    this.parameters = resolveParameters(options, truth);
  }

  /**
   * Compares and matches, photo by photo.
   * @throws DataError naming the annotation that lacks what is compared
   */
  evaluate(): this {
    const { truth, detections, parameters } = this;
    const masks = parameters.iouType === 'segm' ? truth.annotations.count + detections.annotations.count : 0;
    const help = hireMaskHelp(masks);
    try {
      const cells = groupIntoCells(truth.annotations, detections.annotations, parameters);
      const ious = compareCells(cells, truth, detections, parameters, help);
      this.#evaluation = { cells, ious, truth: truth.annotations, detected: detections.annotations, parameters };
    } finally {
      help?.end();
    }
    this.#matcher = new CellMatcher(this.#evaluation);
    this.#states = this.#matcher.label();
    this.#curves = undefined;
    return this;
  }

  /** Precision, recall and scores over all photos. */
  accumulate(): CocoCurves {
    if (this.#evaluation === undefined || this.#states === undefined) return this.evaluate().accumulate();
    this.#curves ??= new CocoCurves(this.#evaluation.cells, this.#states, this.detections.annotations.scores, this.parameters);
    return this.#curves;
  }

  /**
   * The twelve numbers, ten for keypoints.
   * @throws ConfigError for boxes and masks unless there are three maxDets
   */
  summarize(): CocoSummary {
    return summarizeCurves(this.accumulate(), this.parameters);
  }

  /**
   * Everything that matching used: cells, overlaps and tables. For analyses.
   * @internal
   */
  get evaluation(): Evaluation {
    if (this.#evaluation === undefined) this.evaluate();
    return this.#evaluation!;
  }

  /**
   * Who matched whom in one photo, as an entry of pycocotools' `evalImgs`.
   * @param categoryId any number without useCats
   * @param area a label of areaLabels; default: the first
   * @returns undefined where there are neither objects nor detections
   * @throws ConfigError for a label that there is not
   */
  matchesOf(imageId: number, categoryId: number, area = this.parameters.areaLabels[0]!): CellMatches | undefined {
    const { areaLabels, imageIds, categoryIds, useCats } = this.parameters;
    const range = areaLabels.indexOf(area);
    if (range === -1) throw new ConfigError(`CocoEval.matchesOf: expected one of ${areaLabels.join(', ')} for area, got ${area}`);
    const { cells } = this.evaluation;
    const cell = findCell(cells, useCats ? categoryIds.indexOf(categoryId) : 0, imageId, imageIds);
    return cell === -1 ? undefined : cellMatches(this.evaluation, this.#matcher!, cell, range);
  }
}
