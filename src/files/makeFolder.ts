// A folder with its parents. Node's own way (`mkdir` with `recursive`) never ends where a parent is there and takes no folder,
// as in /proc, and does not say which part of a path is in the way.

import { lstat, mkdir, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { systemCode } from './systemReason.ts';

/**
 * Makes a folder, with its parents, where there is none.
 * @returns the topmost folder that was made, undefined when all were there
 * @throws DataError when a part of the path is a file or a link to nothing; the system's error when a folder cannot be made
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let folder = resolve(path); !(await isFolder(folder, path)); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    await mkdir(folder).catch(async (error: unknown) => {
      // Another process may have made it meanwhile.
      if (systemCode(error) !== 'EEXIST' || !(await isFolder(folder, path))) throw error;
    });
  }
  return missing[0];
}

/** False where there is nothing. */
async function isFolder(folder: string, path: string): Promise<boolean> {
  try {
    if ((await stat(folder)).isDirectory()) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return false; // a parent is a file, which is said when it is looked at
    if (systemCode(error) !== 'ENOENT') throw error;
    const link = await lstat(folder).then((status) => status.isSymbolicLink(), () => false);
    if (!link) return false;
    throw new DataError(`cannot write ${path}: ${folder} is a link to ${await readlink(folder)}, which is not there`);
  }
  throw new DataError(`cannot write ${path}: ${folder === resolve(path) ? 'it' : folder} is a file, not a directory`);
}
