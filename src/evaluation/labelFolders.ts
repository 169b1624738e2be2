// Two folders of label images, ground truth and predictions, paired by name and counted. Node only: meanIou.ts itself is not.

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readLabelImage } from '../data/labelImage.ts';
import { DataError } from '../errors.ts';
import type { MeanIou } from './meanIou.ts';

export interface LabelFolders {
  /** Folder of PNGs, subfolders included. */
  readonly truth: string;
  /** The same names in the same subfolders. */
  readonly prediction: string;
  /** How names end; what is before it must agree. Default '.png'. */
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
  const truths = await namesIn(truth, truthSuffix);
  const predictions = new Set(await namesIn(prediction, predictionSuffix));
  const missing = truths.filter((name) => !predictions.has(name));
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more of ${truths.length}` : '';
    throw new DataError(`pairLabelFolders: expected a prediction for each image of ${truth}, got none for ${missing[0]}${truthSuffix}${more}: no ${path.join(prediction, missing[0]! + predictionSuffix)}`);
  }
  const pathOf = (folder: string, suffix: string) => (name: string) => path.join(folder, name + suffix);
  const [truthPath, predictionPath] = [pathOf(truth, truthSuffix), pathOf(prediction, predictionSuffix)];
  const pairs = truths.map((name) => ({ truth: truthPath(name), prediction: predictionPath(name) }));
  for (const name of truths) predictions.delete(name);
  return { pairs, unused: [...predictions].map(predictionPath) };
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

/** Names under `folder`, without the suffix, sorted. */
async function namesIn(folder: string, suffix: string): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'a file' : code ?? String(error);
    throw new DataError(`pairLabelFolders: expected a folder of PNGs, got ${folder}: ${reason}`);
  }
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).slice(0, -suffix.length));
  if (names.length === 0) throw new DataError(`pairLabelFolders: expected names that end in ${suffix} in ${folder}, got none`);
  return names.toSorted();
}
