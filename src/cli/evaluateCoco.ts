// `mpvg evaluate coco`.

import { CocoDataset } from '../data/coco/cocoDataset.ts';
import { ConfigError, DataError } from '../errors.ts';
import { classTable, type ClassRow } from '../evaluation/coco/classTable.ts';
import { CocoEval } from '../evaluation/coco/cocoEval.ts';
import '../evaluation/coco/maskThreads.ts';
import { evaluationNotes } from '../evaluation/coco/evaluationNotes.ts';
import { keypointsPerObject } from '../evaluation/coco/keypointSigmas.ts';
import { fixed } from '../evaluation/coco/summary.ts';
import { tide, type TideResult } from '../evaluation/coco/tide.ts';
import { tideErrorTypes } from '../evaluation/coco/tideErrors.ts';
import { reading } from './readingProgress.ts';
import { tableText } from './table.ts';

export interface EvaluateCocoFlags {
  readonly gt: string;
  readonly dt: string;
  readonly iou: 'bbox' | 'segm' | 'keypoints';
  readonly maxDets?: readonly number[];
  readonly cats?: string;
  readonly sigmas?: readonly number[];
  readonly perClass?: true;
  readonly tide?: true;
  readonly json?: true;
}

/** What --json prints. */
export interface CocoReport {
  readonly iouType: string;
  /** The twelve numbers, ten for keypoints; -1 where there is nothing to average. */
  readonly stats: readonly number[];
  readonly perClass: readonly ClassRow[];
  readonly tide?: TideResult;
  readonly photos: number;
  readonly objects: number;
  readonly detections: number;
  /** Seconds. */
  readonly timing: { readonly load: number; readonly evaluate: number; readonly accumulate: number; readonly total: number };
}

export async function evaluateCoco(flags: EvaluateCocoFlags): Promise<void> {
  if (flags.tide && flags.iou === 'keypoints') throw new ConfigError('evaluate coco: expected --iou bbox or segm with --tide, got keypoints');
  if (flags.maxDets && flags.maxDets.length !== 3 && flags.iou !== 'keypoints') {
    throw new ConfigError(`evaluate coco: expected three numbers for --max-dets, such as 1,10,100, got ${flags.maxDets}`);
  }
  if (flags.sigmas && flags.iou !== 'keypoints') throw new ConfigError(`evaluate coco: expected --sigmas only with --iou keypoints, got it with ${flags.iou}`);
  const start = performance.now();
  const truth = await reading(flags.gt, (onProgress) => CocoDataset.open(flags.gt, onProgress));
  const detections = await reading(flags.dt, (onProgress) => truth.loadRes(flags.dt, onProgress));
  expectSomething(truth, detections);
  const evaluation = new CocoEval(truth, detections, {
    iouType: flags.iou,
    ...(flags.maxDets && { maxDets: flags.maxDets }),
    ...(flags.sigmas && { keypointSigmas: sigmasOf(flags.sigmas, truth) }),
    ...(flags.cats !== undefined && { categoryIds: categoryIdsOf(flags.cats, truth, flags.gt) }),
  });
  const loaded = performance.now();
  evaluation.evaluate();
  const evaluated = performance.now();
  const { stats, lines } = evaluation.summarize();
  const done = performance.now();
  const errors = flags.tide && tide(evaluation);
  const timing = seconds({
    load: loaded - start, evaluate: evaluated - loaded, accumulate: done - evaluated, total: done - start,
  });
  for (const note of notesOn(evaluation, flags)) process.stderr.write(`note: ${note}\n`);
  if (flags.json) {
    const report: CocoReport = {
      iouType: flags.iou,
      stats,
      perClass: classTable(evaluation),
      ...(errors && { tide: errors }),
      photos: evaluation.parameters.imageIds.length,
      objects: truth.annotations.count,
      detections: detections.annotations.count,
      timing,
    };
    console.log(JSON.stringify(report, null, 2));
    return;
  }
  const counts = `${detections.annotations.count} detections, ${truth.annotations.count} objects`;
  process.stderr.write(`${counts}: ${timing.total.toFixed(2)} s\n`);
  console.log(lines.join('\n'));
  // Averages of each class take a fifth of the whole: made where they are shown only.
  if (flags.perClass) console.log(`\n${perClassText(classTable(evaluation))}`);
  if (errors) console.log(`\n${tideText(errors)}`);
}

/** An evaluation of nothing would print zeros or -1, as if detections were bad. */
function expectSomething(truth: CocoDataset, detections: CocoDataset): void {
  for (const [{ annotations, name }, what] of [[truth, 'object'], [detections, 'detection']] as const) {
    if (annotations.count === 0) throw new DataError(`evaluate coco: expected at least one ${what} in ${name}, got none`);
  }
  const known = new Set(truth.categories.map(({ id }) => id));
  const { categoryIds } = detections.annotations;
  if (categoryIds.some((id) => known.has(id))) return;
  throw new DataError(`evaluate coco: expected detections of the categories of ${truth.name} in ${detections.name}, got none; ` +
    (Number.isNaN(categoryIds[0]) ? 'the first has no category_id' : `the first has category_id ${categoryIds[0]}: results for another data set?`));
}

function categoryIdsOf(list: string, { categories }: CocoDataset, file: string): number[] {
  return list.split(',').flatMap((text) => {
    const wanted = text.trim();
    const named = categories.filter(({ name }) => name === wanted);
    const found = named.length > 0 ? named : categories.filter(({ id }) => `${id}` === wanted);
    if (found.length > 0) return found.map(({ id }) => id);
    const known = categories.map(({ name }) => name);
    const shown = known.slice(0, 10).join(', ') + (known.length > 10 ? ` and ${known.length - 10} more` : '');
    throw new ConfigError(`evaluate coco: expected categories of ${file} for --cats (${shown}), got ${wanted}`);
  });
}

/** One for all keypoints, or one for each. */
function sigmasOf(sigmas: readonly number[], truth: CocoDataset): readonly number[] {
  return sigmas.length === 1 ? new Array<number>(keypointsPerObject(truth)).fill(sigmas[0]!) : sigmas;
}

function notesOn(evaluation: CocoEval, { iou, sigmas }: EvaluateCocoFlags): string[] {
  const count = evaluation.parameters.keypointSigmas.length;
  const isGuess = iou === 'keypoints' && sigmas === undefined && count !== 17;
  return [
    ...evaluationNotes(evaluation),
    ...(isGuess ? [`objects have ${count} keypoints, not COCO's 17: a sigma of 1/${count} was taken for each; --sigmas gives others`] : []),
  ];
}

function seconds<Steps extends Record<string, number>>(milliseconds: Steps): Steps {
  return Object.fromEntries(Object.entries(milliseconds).map(([step, ms]) => [step, ms / 1000])) as Steps;
}

function perClassText(rows: readonly ClassRow[]): string {
  const sizes = Object.keys(rows[0]?.apBySize ?? {});
  return tableText([
    ['category', 'objects', 'AP', 'AP50', 'AP75', ...sizes.map((size) => `AP ${size}`), 'AR'],
    ...rows.map(({ name, objects, ap, ap50, ap75, apBySize, ar }) =>
      [name, `${objects}`, ...[ap, ap50, ap75, ...sizes.map((size) => apBySize[size]!), ar].map((value) => (value === -1 ? '-' : fixed(value, 3)))]),
  ]);
}

function tideText({ ap, errors, falsePositives, falseNegatives }: TideResult): string {
  return `${tableText([
    ['error (IoU 0.5)', 'dAP', 'count'],
    ...tideErrorTypes.map((type) => [type, fixed(errors[type].dAp, 3), `${errors[type].count}`]),
    ['false positives', fixed(falsePositives, 3), ''],
    ['false negatives', fixed(falseNegatives, 3), ''],
  ])}\nTIDE's AP at IoU 0.5: ${fixed(ap, 3)}`;
}
