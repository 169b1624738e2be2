// Files that belong together by their names: photo and label, ground truth and prediction.

import path from 'node:path';
import { DataError } from '../../errors.ts';
import type { WalkPurpose } from './walkFolders.ts';

/**
 * What pairs files: the name before its suffix, composed and decomposed letters (é as one code point, as Linux writes it, or two,
 * as macOS does) being the same.
 * @param suffix in any case; default: the name's extension
 * @returns undefined when the name ends in another way
 */
export function stemKey(name: string, suffix = path.extname(name)): string | undefined {
  const [composed, ending] = [name.normalize('NFC'), suffix.normalize('NFC')];
  const stem = composed.slice(0, Math.max(0, composed.length - ending.length));
  return composed.slice(stem.length).toLowerCase() === ending.toLowerCase() ? stem : undefined;
}

/**
 * Files by what pairs them, in the order given.
 * @param files paths relative to `folder`; those that end in another way than `suffix` are left out
 * @throws DataError when two of them have the same name
 */
export function filesByStem(
  files: readonly string[],
  suffix: string | undefined,
  { folder, caller, what }: WalkPurpose & { readonly folder: string },
): Map<string, string> {
  const byStem = new Map<string, string>();
  for (const file of files) {
    const stem = stemKey(file, suffix);
    if (stem === undefined) continue;
    const other = byStem.get(stem);
    if (other !== undefined) throw new DataError(`${caller}: expected one of ${what} named ${stem} in ${folder}, got ${other} and ${file}`);
    byStem.set(stem, file);
  }
  return byStem;
}
