// A YOLO data set's description: names of classes, and where the photos of each split are.
// Source: https://docs.ultralytics.com/datasets/detect.

import path from 'node:path';
import { parse } from 'yaml';
import { ConfigError, DataError } from '../../../errors.ts';
import { describeValue } from '../describeValue.ts';
import { placeOf } from './photoLists.ts';
import { readText } from './textFile.ts';

const SPLITS = ['train', 'val', 'test'] as const;

/** A description. */
export interface DataYaml {
  readonly file: string;
  /** Of classes 0, 1, 2, … */
  readonly names: readonly string[];
  /** What stands for `path`. */
  readonly root: string;
  /** What stands for train, val and test. */
  readonly splits: ReadonlyMap<string, unknown>;
}

/** Whether a file is one by its name. */
export function isYaml(file: string): boolean {
  return /\.ya?ml$/i.test(file);
}

/**
 * Reads one.
 * @throws DataError when it is no YAML, a class has no name, or its labels hold keypoints
 */
export async function readDataYaml(file: string): Promise<DataYaml> {
  const text = await readText(file, 'YAML');
  let content: Record<string, unknown> | null;
  try {
    content = parse(text) as Record<string, unknown> | null;
  } catch (error) {
    throw new DataError(`readDataYaml: expected YAML in ${file}, got: ${(error as Error).message.split('\n')[0]}`);
  }
  const { names, path: root, kpt_shape: keypoints } = content ?? {};
  if (keypoints !== undefined) throw new DataError(`readDataYaml: expected labels of boxes or outlines, got keypoints (kpt_shape) in ${file}`);
  return {
    file,
    names: namesOf(names, file),
    root: typeof root === 'string' ? root : '.',
    splits: new Map(SPLITS.flatMap((split) => (content?.[split] ? [[split, content[split]]] : []))),
  };
}

function namesOf(names: unknown, file: string): string[] {
  const byNumber = (typeof names === 'object' && names !== null ? names : {}) as Record<number, unknown>;
  const list = Array.from({ length: Object.keys(byNumber).length }, (_, i) => byNumber[i]);
  const missing = list.findIndex((name) => typeof name !== 'string' && typeof name !== 'number');
  if (list.length > 0 && missing < 0) return list.map(String);
  throw new DataError('readDataYaml: expected names of classes, a list or a mapping from 0, 1, 2, …, as names in ' +
    `${file}, got ${list.length === 0 ? 'none' : `none for ${missing}`}`);
}

/**
 * The folders of a split's photos, and the text files that list some. Relative to `path`, as the format has it, or to the file
 * itself, since `path` often is the place on another machine.
 * @param split may be left out when there is one only
 * @throws ConfigError for a split that the file does not have; DataError when one of them is not there
 */
export function photosOfSplit({ file, root, splits }: DataYaml, split: string | undefined): string[] {
  const known = [...splits.keys()];
  const chosen = split ?? (known.length === 1 ? known[0]! : undefined);
  if (chosen === undefined || !splits.has(chosen)) {
    const choice = known.length > 0 ? known.join(', ') : 'no splits';
    throw new ConfigError(`coco convert: expected one of ${choice}, which ${file} has, for --split, got ${split ?? 'none'}`);
  }
  const given = splits.get(chosen);
  const folder = path.dirname(path.resolve(file));
  const folders = [path.resolve(folder, root.replaceAll('\\', '/')), folder];
  const places = (Array.isArray(given) ? given as unknown[] : [given]).map((one) => (typeof one === 'string' ? placeOf(one, folders) : undefined));
  const missing = places.indexOf(undefined);
  if (missing === -1) return places as string[];
  throw new DataError(`convert: expected folders of photos, or text files that list them, for ${chosen} in ${file}, got ` +
    `${describeValue(Array.isArray(given) ? given[missing] : given)}; convert the folder of photos itself, with --names`);
}
