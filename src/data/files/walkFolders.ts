// Folders as people have them: with hidden files, with links. The one place that lists data: nothing is left out without a word
// but what isPassedBy names.

import { existsSync, type Dirent, type Stats } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode, systemReason } from '../../files/systemReason.ts';
import { DataError } from '../../errors.ts';
import { inCodePointOrder } from './codePointOrder.ts';
import { isNamedLikeFile, isPassedBy } from './fileNames.ts';

/** Stands for bytes that are no UTF-8: such a name cannot be used. */
const REPLACEMENT = '\ufffd';

/** For messages. */
export interface WalkPurpose {
  /** Which function asks. */
  readonly caller: string;
  /** What the folder holds: 'photos'. */
  readonly what: string;
}

/** A folder that was met. */
export interface WalkedFolder {
  /** From where the walk began, with `/` between names; '' for the beginning itself. */
  readonly name: string;
  /** Its path without links. */
  readonly real: string;
  /** Names of the files in it, links to files included, in the order of code points. */
  readonly files: readonly string[];
}

/**
 * Lists a folder and the folders in it, in the order of their names' code points, a folder before what is in it. Links to files
 * and folders are followed. Source of the order: torchvision's ImageFolder, sorted(os.walk(folder, followlinks=True)).
 * @throws DataError when it is no folder or cannot be read, and naming what cannot be data: links that lead nowhere or to a
 * folder that they are in, names that are no UTF-8, pipes, sockets and devices, and empty folders that are called like a file
 */
export async function walkFolders(root: string, purpose: WalkPurpose): Promise<WalkedFolder[]> {
  const walk = new Walk(root, purpose);
  await walk.enter('', await realpath(root).catch((error: unknown) => { throw walk.unreadable('', error); }), []);
  return walk.folders();
}

/**
 * Lists the files of a folder and of the folders in it.
 * @returns paths from there, with `/` between names, in the order of code points
 * @throws DataError as walkFolders does
 */
export async function walkFiles(root: string, purpose: WalkPurpose): Promise<string[]> {
  const folders = await walkFolders(root, purpose);
  return inCodePointOrder(folders.flatMap(({ name, files }) => files.map((file) => path.posix.join(name, file))));
}

class Walk {
  readonly #root: string;
  readonly #purpose: WalkPurpose;
  readonly #found = new Map<string, WalkedFolder>();
  readonly #faults: string[] = [];

  constructor(root: string, purpose: WalkPurpose) {
    this.#root = root;
    this.#purpose = purpose;
  }

  /** @throws DataError when there was something that cannot be listed */
  folders(): WalkedFolder[] {
    const [first] = this.#faults;
    if (first !== undefined) {
      const { caller, what } = this.#purpose;
      const more = this.#faults.length > 1 ? ` (and ${this.#faults.length - 1} more)` : '';
      throw new DataError(`${caller}: expected ${what} in ${this.#root}, got ${first}${more}; mend or remove it`);
    }
    return inCodePointOrder(this.#found.keys()).map((name) => this.#found.get(name)!);
  }

  /** @param above paths without links of the folders on the way to this one */
  async enter(name: string, real: string, above: readonly string[]): Promise<void> {
    const entries: Dirent[] = await readdir(this.#pathOf(name), { withFileTypes: true })
      .catch((error: unknown) => { throw this.unreadable(name, error); });
    const files: string[] = [];
    this.#found.set(name, { name, real, files });
    const way = [...above, real];
    for (const entry of entries) {
      if (isPassedBy(entry.name)) continue;
      const inside = path.posix.join(name, entry.name);
      if (entry.name.includes(REPLACEMENT) && !existsSync(this.#pathOf(inside))) {
        this.#faults.push(`${this.#pathOf(inside)}, a name that is no UTF-8`);
        continue;
      }
      const kind = entry.isSymbolicLink() ? await this.#follow(inside) : entry;
      if (kind?.isFile()) files.push(entry.name);
      else if (kind && !kind.isDirectory()) this.#faults.push(`${this.#pathOf(inside)}, ${specialKind(kind)} and no file`);
      if (!kind?.isDirectory()) continue;
      const target = entry.isSymbolicLink() ? await realpath(this.#pathOf(inside)) : path.join(real, entry.name);
      if (way.some((one) => isIn(one, target))) this.#faults.push(`${this.#pathOf(inside)}, a link to ${target}, a folder that it is in`);
      else await this.enter(inside, target, way);
    }
    if (entries.length === 0 && name !== '' && isNamedLikeFile(name)) this.#faults.push(`${this.#pathOf(name)}, an empty folder that is called like a file`);
    files.splice(0, files.length, ...inCodePointOrder(files));
  }

  unreadable(name: string, error: unknown): DataError {
    const reasons: Readonly<Record<string, string>> = { ENOENT: 'no such folder', ENOTDIR: 'a file', EACCES: 'it may not be read' };
    const { caller, what } = this.#purpose;
    return new DataError(`${caller}: expected a folder of ${what}, got ${this.#pathOf(name)}: ${reasons[systemCode(error) ?? ''] ?? systemReason(error)}`);
  }

  /** What a link leads to. */
  async #follow(name: string): Promise<Stats | undefined> {
    const link = this.#pathOf(name);
    try {
      return await stat(link);
    } catch (error) {
      const reasons: Readonly<Record<string, string>> = { ENOENT: 'which is not there', ENOTDIR: 'which is not there', ELOOP: 'which leads back to it' };
      const reason = reasons[systemCode(error) ?? ''] ?? systemReason(error);
      this.#faults.push(`${link}, a link to ${await readlink(link)}, ${reason}`);
      return undefined;
    }
  }

  #pathOf(name: string): string {
    return name === '' ? this.#root : path.join(this.#root, name);
  }
}

function specialKind(kind: Dirent | Stats): string {
  return kind.isFIFO() ? 'a pipe' : kind.isSocket() ? 'a socket' : 'a device';
}

function isIn(inner: string, folder: string): boolean {
  return inner === folder || inner.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
