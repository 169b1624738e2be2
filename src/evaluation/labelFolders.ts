// Two folders of label images, ground truth and predictions, paired by name and counted. Node only: meanIou.ts itself is not.

import path from 'node:path';
import { filesByStem } from '../data/files/pairing.ts';
import { walkFiles } from '../data/files/walkFolders.ts';
import { readLabelImage } from '../data/labelImage.ts';
import { DataError } from '../errors.ts';
import type { MeanIou } from './meanIou.ts';

const CALLER = 'pairLabelFolders';

export interface LabelFolders {
  /** Folder of PNGs, subfolders included. */
  readonly truth: string;
  /** The same names in the same subfolders. */
  readonly prediction: string;
  /** How names end, in any case; what is before it must agree. Default '.png'. */
  readonly truthSuffix?: string;
  readonly predictionSuffix?: string;
}

export interface LabelPair {
  /** Paths. */
  readonly truth: string;
  readonly prediction: string;
}

export interface LabelPairing {
  readonly pairs: LabelPair[];
  /** Predictions that no ground truth asks for. */
  readonly unused: string[];
}

/** Images decoded ahead of the one being counted; libuv has four threads. */
const AHEAD = 8;

/**
 * Finds a prediction for every ground truth, in the order of names.
 * @throws DataError when a folder or a prediction is missing
 */
export async function pairLabelFolders(folders: LabelFolders): Promise<LabelPairing> {
  const { truth, prediction, truthSuffix = '.png', predictionSuffix = '.png' } = folders;
  const truths = await filesByName(truth, truthSuffix);
  const predictions = await filesByName(prediction, predictionSuffix);
  const missing = [...truths].filter(([name]) => !predictions.has(name));
  if (missing.length > 0) {
    const [name, file] = missing[0]!;
    const more = missing.length > 1 ? ` and ${missing.length - 1} more of ${truths.size}` : '';
    throw new DataError(`${CALLER}: expected a prediction for each image of ${truth}, got none for ${file}${more}: no ${path.join(prediction, name + predictionSuffix)}`);
  }
  const pairs = Array.from(truths, ([name, file]) => ({
    truth: path.join(truth, file), prediction: path.join(prediction, predictions.get(name)!),
  }));
  return { pairs, unused: [...predictions].filter(([name]) => !truths.has(name)).map(([, file]) => path.join(prediction, file)) };
}

/**
 * Counts the pairs, decoding ahead.
 * @param onCounted told how many are done, after each
 * @throws DataError naming the first file that cannot be used: damaged, of another size than its ground truth, or holding values
 * that are no class
 */
export async function countLabelPairs(
  counter: MeanIou,
  pairs: readonly LabelPair[],
  onCounted: (done: number) => void = () => undefined,
): Promise<void> {
  const read = async ({ truth, prediction }: LabelPair) => await Promise.all([readLabelImage(truth), readLabelImage(prediction)]);
  const ahead: ReturnType<typeof read>[] = [];
  for (let i = 0; i < pairs.length + AHEAD; i++) {
    const next = pairs[i];
    if (next) {
      const reading = read(next);
      reading.catch(() => undefined); // it is awaited below, unless an earlier one fails
      ahead.push(reading);
    }
    const pair = pairs[i - AHEAD];
    if (!pair) continue;
    const [truth, prediction] = await ahead.shift()!;
    if (truth.width !== prediction.width || truth.height !== prediction.height) {
      throw new DataError(`countLabelPairs: expected ${truth.width} x ${truth.height} pixels, as in ${pair.truth}, for ${pair.prediction}, got ${prediction.width} x ${prediction.height}`);
    }
    counter.add(prediction.data, truth.data, { ...pair, width: truth.width });
    onCounted(i - AHEAD + 1);
  }
}

/** Paths from `folder` by what pairs them, in the order of names. */
async function filesByName(folder: string, suffix: string): Promise<Map<string, string>> {
  const purpose = { caller: CALLER, what: 'PNGs' };
  const files = filesByStem(await walkFiles(folder, purpose), suffix, { folder, ...purpose });
  if (files.size === 0) throw new DataError(`${CALLER}: expected names that end in ${suffix} in ${folder}, got none`);
  return files;
}
