// Folders and files that a conversion makes: whole or not at all, and never over something else unless asked to.

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemReason } from '../../../files/systemReason.ts';
import { explainReadError, explainWriteError } from '../../../files/writeError.ts';
import { ConfigError, DataError } from '../../../errors.ts';

const NOTHING_WRITTEN = 'nothing was written';

/** @throws ConfigError when there is something in the folder, it is none, or there is no folder to make it in */
export async function checkNewFolder(folder: string): Promise<void> {
  await checkParent(folder);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new ConfigError(`convert: expected a new or empty folder to write to, got ${folder}, which is a file`);
  const [first] = await readdir(folder).catch((error: unknown) => { throw explainReadError(error, folder); });
  if (first !== undefined) throw new ConfigError(`convert: expected a new or empty folder to write to, got ${folder}, which has ${first} in it`);
}

/** @throws ConfigError when a file or folder would be in no folder */
export async function checkParent(file: string): Promise<void> {
  const parent = path.dirname(path.resolve(file));
  const found = await stat(parent).catch((error: unknown) => systemReason(error));
  const reason = typeof found === 'string' ? found : found.isDirectory() ? undefined : 'it is a file';
  if (reason !== undefined) throw new ConfigError(`convert: expected an existing folder to write into, got ${parent}: ${reason}`);
}

/** @throws ConfigError when there is something where a conversion to `target` writes first */
export async function checkNothingAt(partial: string, target: string): Promise<void> {
  if ((await stat(partial).catch(() => undefined)) === undefined) return;
  throw new ConfigError(`convert: expected nothing at ${partial}, which a conversion to ${target} writes first; if it is left over, remove it`);
}

/**
 * Makes a folder under the name `<folder>.partial` and renames it when it is complete. What goes wrong takes it away.
 * @param fill writes into the folder that it is given
 * @throws ConfigError when something is in the way; DataError when it cannot be written
 */
export async function makeFolder(folder: string, fill: (partial: string) => Promise<void>): Promise<void> {
  await checkNewFolder(folder);
  const partial = `${path.resolve(folder)}.partial`;
  await checkNothingAt(partial, folder);
  await mkdir(partial).catch((error: unknown) => { throw explainWriteError(error, folder, NOTHING_WRITTEN); });
  try {
    await fill(partial);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw explainWriteError(error, folder, NOTHING_WRITTEN);
  }
}

/** Label files that are written into one folder. */
export class LabelFolder {
  readonly #folder: string;
  readonly #photoOf = new Map<string, string>();
  readonly #made = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes one.
   * @param photo a path below the folder of photos, with `/`
   * @param label a path below this folder, with `/`
   * @throws DataError for a photo whose label another photo has
   */
  async write(photo: string, label: string, text: string): Promise<void> {
    const other = this.#photoOf.get(label);
    if (other !== undefined) throw new DataError(`convert: expected a label file for each photo, got ${label} for both ${other} and ${photo}`);
    this.#photoOf.set(label, photo);
    const file = path.join(this.#folder, label);
    if (!this.#made.has(path.dirname(file))) {
      await mkdir(path.dirname(file), { recursive: true });
      this.#made.add(path.dirname(file));
    }
    await writeFile(file, text);
  }
}

/** A photo's path with another extension. */
export function withExtension(name: string, extension: string): string {
  return name.slice(0, name.length - path.posix.extname(name).length) + extension;
}
