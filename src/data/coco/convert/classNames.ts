// Names of classes beside YOLO's labels: `names` of a data.yaml, or one name per line.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../../errors.ts';
import { isYaml, readDataYaml } from './dataYaml.ts';
import { readText } from './textFile.ts';

const USUAL_FILES = ['data.yaml', 'data.yml', 'dataset.yaml', 'classes.txt', 'obj.names'];

/**
 * Reads the names of classes 0, 1, 2, …
 * @param file .yaml or .yml with `names`, a list or a mapping from numbers; any other: one name per line
 * @throws DataError when it cannot be read or a number is missing
 */
export async function readClassNames(file: string): Promise<readonly string[]> {
  if (isYaml(file)) return (await readDataYaml(file)).names;
  const names = (await readText(file, 'names of classes')).trimEnd().split('\n').map((line) => line.trim());
  const empty = names.indexOf('');
  if (empty >= 0) throw new DataError(`readClassNames: expected the name of a class at line ${empty + 1} of ${file}, got an empty line`);
  return names;
}

/**
 * Looks for a file with names in a folder, in `labels` there or beside it, and in the two folders above.
 * @throws DataError when there is none
 */
export function findClassNames(folder: string): string {
  const folders = ['.', 'labels', '..', '../labels', '../..'].map((place) => path.resolve(folder, place));
  const found = folders.flatMap((one) => USUAL_FILES.map((name) => path.join(one, name))).find(existsSync);
  if (found === undefined) {
    throw new DataError(`findClassNames: expected one of ${USUAL_FILES.join(', ')} in ${folder} or up to two folders above it, got none; name the file with --names`);
  }
  return found;
}
