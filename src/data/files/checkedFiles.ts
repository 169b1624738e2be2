// What was found in photos and label images, remembered from one check to the next by path, size and time of change.

import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { makeFolder } from '../../files/makeFolder.ts';

/** A photo or a label image that was decoded. */
export interface FileFacts {
  /** Pixels; 0 when it cannot be decoded. */
  readonly width: number;
  readonly height: number;
  /** Of a label image: each value and how many pixels have it. */
  readonly values?: readonly (readonly [value: number, pixels: number])[];
  /** Why it cannot be decoded. */
  readonly fault?: string;
}

/** Of a file's state on disk. */
export interface FileStamp {
  readonly bytes: number;
  readonly changedMs: number;
}

type Entry = FileFacts & FileStamp;

/** Of what counts as sound; 2 since values of other depths than 8 and 16 bits are faults. */
const VERSION = 2;

export class CheckedFiles {
  readonly #path: string | undefined;
  readonly #entries: Map<string, Entry>;
  #hasNews = false;

  private constructor(path: string | undefined, entries: Map<string, Entry>) {
    this.#path = path;
    this.#entries = entries;
  }

  /** Reads what an earlier check wrote. A missing, damaged or old file counts as empty; without a path nothing is remembered. */
  static async open(path: string | undefined): Promise<CheckedFiles> {
    if (path === undefined) return new CheckedFiles(undefined, new Map());
    try {
      const { version, files } = JSON.parse(await readFile(path, 'utf8')) as { version: unknown; files: Record<string, Entry> };
      if (version === VERSION) return new CheckedFiles(path, new Map(Object.entries(files)));
    } catch {
      // Then everything is looked at again.
    }
    return new CheckedFiles(path, new Map());
  }

  /** The facts of a file that has not changed since. */
  recall(file: string, { bytes, changedMs }: FileStamp): FileFacts | undefined {
    const entry = this.#entries.get(file);
    return entry?.bytes === bytes && entry.changedMs === changedMs ? entry : undefined;
  }

  remember(file: string, stamp: FileStamp, facts: FileFacts): void {
    this.#entries.set(file, { ...stamp, ...facts });
    this.#hasNews = true;
  }

  /** Writes what is new. Where that is not possible the next check takes as long again, which is no reason to fail. */
  async save(): Promise<void> {
    if (this.#path === undefined || !this.#hasNews) return;
    const temporary = `${this.#path}.${process.pid}`;
    try {
      await makeFolder(dirname(this.#path));
      await writeFile(temporary, JSON.stringify({ version: VERSION, files: Object.fromEntries(this.#entries) }));
      await rename(temporary, this.#path);
      this.#hasNews = false;
    } catch {
      return;
    }
  }
}

/**
 * Where a data set's findings are kept: mpvg/checked/<hash of the folder>.json in $XDG_CACHE_HOME or ~/.cache.
 * @returns undefined for a user without a home: then nothing is remembered
 */
export function checkCacheOf(dataFolder: string): string | undefined {
  const cache = cacheFolder();
  const key = createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 16);
  return cache === undefined ? undefined : join(cache, 'mpvg', 'checked', `${key}.json`);
}

function cacheFolder(): string | undefined {
  const given = process.env['XDG_CACHE_HOME'];
  if (given !== undefined && isAbsolute(given)) return given; // others are to be ignored (XDG Base Directory Specification)
  try {
    const home = homedir();
    return isAbsolute(home) ? join(home, '.cache') : undefined;
  } catch {
    return undefined; // a user id without an entry
  }
}
