// `mpvg evaluate miou`.

import { readFile } from 'node:fs/promises';
import { foreignContent } from '../data/foreignContent.ts';
import { systemReason } from '../files/systemReason.ts';
import { DataError } from '../errors.ts';
import { countLabelPairs, pairLabelFolders } from '../evaluation/labelFolders.ts';
import { MeanIou, type MeanIouResult } from '../evaluation/meanIou.ts';
import { CountProgress } from './countProgress.ts';
import { tableText } from './table.ts';

export interface EvaluateMiouFlags {
  readonly gt: string;
  readonly pred: string;
  readonly classes: number;
  readonly ignore: number;
  readonly reduceZeroLabel?: true;
  readonly predReduceZeroLabel?: true;
  readonly labelMap?: ReadonlyMap<number, number>;
  readonly predLabelMap?: ReadonlyMap<number, number>;
  readonly gtSuffix: string;
  readonly predSuffix: string;
  readonly names?: string;
  readonly perClass?: true;
  readonly json?: true;
}

export async function evaluateMiou(flags: EvaluateMiouFlags): Promise<void> {
  const start = performance.now();
  const counter = new MeanIou({
    classes: flags.classes,
    ignoreIndex: flags.ignore,
    ...coding(flags.reduceZeroLabel, flags.labelMap),
    prediction: coding(flags.predReduceZeroLabel, flags.predLabelMap),
  });
  const names = flags.names === undefined ? undefined : await readNames(flags.names, flags.classes);
  const { pairs, unused } = await pairLabelFolders({
    truth: flags.gt, prediction: flags.pred, truthSuffix: flags.gtSuffix, predictionSuffix: flags.predSuffix,
  });
  if (unused.length > 0) console.error(`left out, no ground truth for ${unused.length} predictions, such as ${unused[0]}`);
  const progress = new CountProgress({ unit: 'maps', total: pairs.length });
  try {
    await countLabelPairs(counter, pairs, (done) => progress.update(done));
  } finally {
    progress.finish();
  }
  const result = counter.result();
  const seconds = (performance.now() - start) / 1000;
  if (counter.hasOnlyZeroAndIgnored) {
    console.error('the ground truth holds only 0 and 255: if it is a black-and-white mask, --label-map 255:1 makes white class 1');
  }
  if (isShifted(counter)) console.error('most predictions are one above the ground truth: if they are numbered from 1, add --pred-reduce-zero-label');
  if (flags.json) {
    const perClass = result.perClass.map((scores, i) => ({ class: i, ...(names && { name: names[i]! }), ...scores }));
    console.log(JSON.stringify({ ...result, perClass, maps: pairs.length, timing: { total: seconds } }, null, 2));
    return;
  }
  console.error(`${pairs.length} maps, ${result.labelledPixels + result.ignoredPixels} pixels: ${seconds.toFixed(2)} s`);
  if (flags.perClass) console.log(`${perClassText(result, names)}\n`);
  console.log(summaryText(result));
}

function coding(reduceZeroLabel: true | undefined, labelMap: ReadonlyMap<number, number> | undefined) {
  return { ...(reduceZeroLabel && { reduceZeroLabel }), ...(labelMap && { labelMap }) };
}

async function readNames(file: string, classes: number): Promise<string[]> {
  const fault = (got: string) => new DataError(`evaluate miou: expected a file with one name per line for --names, got ${file}: ${got}`);
  const bytes = await readFile(file).catch((error: unknown) => { throw fault(systemReason(error)); });
  const foreign = foreignContent(bytes);
  if (foreign !== undefined) throw fault(foreign);
  const names = bytes.toString('utf8').split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (names.length !== classes) throw new DataError(`evaluate miou: expected ${classes} names in ${file}, got ${names.length}`);
  return names;
}

/** Whether most labelled pixels were predicted as the next class: predictions that count from 1. */
function isShifted(counter: MeanIou): boolean {
  const confusion = counter.confusion();
  const size = counter.classes + 1;
  let [all, shifted] = [0, 0];
  for (let row = 0; row < counter.classes; row++) {
    for (let column = 0; column < size; column++) all += confusion[row * size + column]!;
    if (row + 1 < counter.classes) shifted += confusion[row * size + row + 1]!;
  }
  return shifted > all / 2;
}

function percent(score: number): string {
  return Number.isNaN(score) ? '-' : (100 * score).toFixed(2);
}

function summaryText({ aAcc, mIoU, mAcc, mDice, mFscore, mPrecision, mRecall }: MeanIouResult): string {
  const scores = { aAcc, mIoU, mAcc, mDice, mFscore, mPrecision, mRecall };
  return tableText([Object.keys(scores), Object.values(scores).map(percent)]);
}

function perClassText({ perClass }: MeanIouResult, names: readonly string[] | undefined): string {
  return tableText([
    ['class', 'IoU', 'Acc', 'Dice', 'Fscore', 'Precision', 'Recall'],
    ...perClass.map(({ iou, acc, dice, fscore, precision, recall }, i) => [names?.[i] ?? `${i}`, ...[iou, acc, dice, fscore, precision, recall].map(percent)]),
  ]);
}
