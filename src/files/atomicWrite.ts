// Files and directories that appear complete or not at all: written under a temporary name beside the target, synced,
// renamed. A run that is killed, or a disk that is full, never costs what was there before.
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { makeFolder } from './makeFolder.ts';
import { claimTemporary, cleanTemporaries, releaseTemporary } from './temporaries.ts';
import { systemCode } from './systemReason.ts';
import { explainWriteError } from './writeError.ts';

/**
 * Writes a directory of files so that `path` holds the old content until the new one is complete and on disk.
 * What killed runs left behind beside it is cleaned first.
 * @param path the directory; its parents are made as needed, an older one is replaced
 * @param fill writes the files into the temporary directory that it is given (no folders)
 * @throws DataError when the disk is full or cannot be written; the older directory is intact and the temporary is gone
 */
export async function writeDirectoryAtomically(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(path);
  const older = await statOf(target);
  if (older && !older.isDirectory()) throw new DataError(`cannot write ${path}: expected a directory there, got a file`);
  const temporary = claimTemporary(target, 'partial');
  try {
    await makeFolder(dirname(target));
    await cleanTemporaries(dirname(target));
    await mkdir(temporary);
    await fill(temporary);
    for (const name of await readdir(temporary)) await sync(join(temporary, name));
    await sync(temporary);
    await replaceDirectory(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw explainWriteError(error, path, fateOf(await statOf(target)));
  } finally {
    releaseTemporary(temporary);
  }
}

/**
 * Writes a file so that `path` holds the old content until the new one is complete and on disk. A target that is no
 * regular file (a pipe, a device) is written directly.
 * @param write creates the file at the path that it is given
 * @throws DataError when the disk is full or cannot be written; the older file is intact and the temporary is gone
 */
export async function writeFileAtomically(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const older = await statOf(path);
  if (older?.isDirectory()) throw new DataError(`cannot write ${path}: expected a file there, got a directory`);
  const isSpecial = older !== undefined && !older.isFile();
  const target = older === undefined ? resolve(path) : await realpath(path); // a symbolic link stays one
  const written = isSpecial ? path : claimTemporary(target, 'partial');
  try {
    await makeFolder(dirname(target));
    await write(written);
    if (isSpecial) return;
    await sync(written);
    await rename(written, target);
    await sync(dirname(target));
  } catch (error) {
    if (!isSpecial) await rm(written, { force: true }).catch(() => undefined);
    throw explainWriteError(error, path, fateOf(isSpecial ? undefined : older));
  } finally {
    releaseTemporary(written);
  }
}

async function replaceDirectory(temporary: string, target: string): Promise<void> {
  if ((await statOf(target)) === undefined) {
    await rename(temporary, target);
    await sync(dirname(target));
    return;
  }
  // A directory cannot be renamed onto one that has content, so the older one steps aside for the moment between; a
  // process killed right there is made good by `cleanTemporaries`, and readers look there too (`locate`).
  const aside = claimTemporary(target, 'replaced');
  try {
    await rename(target, aside);
    try {
      await rename(temporary, target);
    } catch (error) {
      await rename(aside, target);
      throw error;
    }
    await sync(dirname(target));
    await rm(aside, { recursive: true, force: true });
  } finally {
    releaseTemporary(aside);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a directory; they order renames by themselves.
    if (!['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function fateOf(older: Stats | undefined): string {
  if (older === undefined) return 'nothing was written';
  return older.isDirectory() ? 'the older checkpoint is intact' : 'the older file is intact';
}
