// Looks at every file of a data set before a training run starts: an epoch later is a bad time to learn that one is broken.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DataError } from '../../errors.ts';
import { CheckedFiles, type FileFacts, type FileStamp } from './checkedFiles.ts';

/** How files are looked at. */
export interface CheckOptions {
  /** Where findings are kept, so that the next check looks at new and changed files only. Default: nowhere. */
  readonly cacheFile?: string;
  /** Told how many samples have been looked at, now and then and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A file that cannot be trained with. */
export interface DataFault {
  readonly file: string;
  /** What is wrong with it. */
  readonly found: string;
}

export interface CheckReport {
  /** Samples looked at. */
  readonly samples: number;
  /** Files that had to be decoded; the others were known. */
  readonly decoded: number;
  /** In the order of samples. */
  readonly faults: readonly DataFault[];
  /** What helps against all faults of a kind. */
  readonly remedy?: string;
}

/** Decoding runs on libuv's threads; twice as many samples keep them busy. */
const SAMPLES_IN_FLIGHT = 2 * Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
const SAMPLES_PER_REPORT = 16;
const UNREADABLE = 'cannot be read: ';

/** Facts of files, each found out once. */
export class FileCheck {
  readonly #known: CheckedFiles;
  readonly #total: number;
  readonly #onProgress: CheckOptions['onProgress'];
  readonly #decoded = new Set<string>();
  #done = 0;

  private constructor(known: CheckedFiles, total: number, onProgress: CheckOptions['onProgress']) {
    this.#known = known;
    this.#total = total;
    this.#onProgress = onProgress;
  }

  /** @param total samples that there are to look at */
  static async open(total: number, { cacheFile, onProgress }: CheckOptions): Promise<FileCheck> {
    return new FileCheck(await CheckedFiles.open(cacheFile), total, onProgress);
  }

  /** Files that had to be decoded. */
  get decoded(): number {
    return this.#decoded.size;
  }

  /** What is known of a file, or what `look` says; a failure of it becomes a fault. */
  async factsOf(file: string, look: (file: string) => Promise<FileFacts>): Promise<FileFacts> {
    const path = resolve(file);
    const stamp = stampOf(path);
    const recalled = stamp && this.#known.recall(path, stamp);
    if (recalled) return recalled;
    this.#decoded.add(path);
    const facts = await look(file).catch((error: unknown): FileFacts => ({ width: 0, height: 0, fault: reasonOf(error) }));
    // What cannot be read may be readable the next time, with other rights.
    if (stamp && facts.fault === undefined) this.#known.remember(path, stamp, facts);
    return facts;
  }

  /** Looks at samples 0 to `count` - 1, several at a time. @returns faults in their order */
  async faultsOf(count: number, lookAt: (index: number) => Promise<DataFault | undefined>): Promise<DataFault[]> {
    const found = new Array<DataFault | undefined>(count);
    let next = 0;
    const lookOn = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        found[index] = await lookAt(index);
        this.#done++;
        if (this.#done % SAMPLES_PER_REPORT === 0 && this.#done < this.#total) this.#onProgress?.(this.#done, this.#total);
      }
    };
    await Promise.all(Array.from({ length: SAMPLES_IN_FLIGHT }, lookOn));
    // libvips keeps one text for the errors of all threads: alone, a file gets its own.
    for (const [index, fault] of found.entries()) if (fault?.found.startsWith(UNREADABLE)) found[index] = await lookAt(index);
    return found.filter((fault) => fault !== undefined);
  }

  /** Remembers what was found. */
  async close(): Promise<void> {
    await this.#known.save();
    if (this.#done === this.#total) this.#onProgress?.(this.#done, this.#total);
  }
}

/**
 * Stops where a check has found something.
 * @param what was looked at
 * @param mostNamed how many faults are named one by one
 * @throws DataError naming files and what is wrong with them
 */
export function expectSoundFiles({ samples, faults, remedy }: CheckReport, caller: string, what: string, mostNamed = 10): void {
  if (faults.length === 0) return;
  const lines = faults.slice(0, mostNamed).map(({ file, found }) => `\n  ${file}: ${found}`);
  const more = faults.length > mostNamed ? `\n  and ${faults.length - mostNamed} more` : '';
  const last = remedy === undefined ? '' : `\n${remedy}`;
  throw new DataError(`${caller}: expected sound ${what}, got ${faults.length} faults among ${samples} samples:${lines.join('')}${more}${last}`);
}

function stampOf(path: string): FileStamp | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && { bytes: stats.size, changedMs: stats.mtimeMs };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^.*?, got:? /s, UNREADABLE);
}
