// Temporary names beside a target, and what to do with those that a killed process left behind. A name carries its maker's
// host and process id, so anyone can ask whether the maker still lives: .<target>.<host>.<pid>.<unique>.<kind>
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { processIsAlive } from './processIsAlive.ts';

/** `partial`: being written. `replaced`: the older version, moved aside for the moment of a replacement. */
export type TemporaryKind = 'partial' | 'replaced';

interface Temporary {
  readonly path: string;
  readonly target: string;
  readonly host: string;
  readonly pid: number;
  readonly kind: TemporaryKind;
}

const pattern = /^\.(.+)\.([\w-]+)\.(\d+)\.[0-9a-f]{8}\.(partial|replaced)$/;
const host = hostname().replaceAll(/[^\w-]/g, '_');
const abandonedAfterMs = 24 * 60 * 60 * 1000;
const inUse = new Set<string>();

/** Whether a file's name is one of a temporary. */
export function isTemporary(name: string): boolean {
  return pattern.test(name);
}

/** A fresh temporary path in the directory of `target`; nothing is created. Hand it to `releaseTemporary` in the end. */
export function claimTemporary(target: string, kind: TemporaryKind): string {
  const unique = randomUUID().slice(0, 8);
  const path = join(dirname(target), `.${basename(target)}.${host}.${process.pid}.${unique}.${kind}`);
  inUse.add(path);
  return path;
}

/** Ends the use of a path from `claimTemporary`; nothing is removed. */
export function releaseTemporary(path: string): void {
  inUse.delete(path);
}

/**
 * Cleans a directory after processes that were killed: removes what they were writing, and puts an older version that had
 * been moved aside back in its place. What a living process, or within a day another host, has there stays.
 * @returns the paths that were removed or put back
 */
export async function cleanTemporaries(directory: string): Promise<string[]> {
  const stale: Temporary[] = [];
  for (const temporary of await temporariesIn(resolve(directory))) {
    if (await isStale(temporary)) stale.push(temporary);
  }
  for (const { path, target, kind } of stale) {
    if (kind === 'replaced' && !(await exists(target))) await rename(path, target);
    else await rm(path, { recursive: true, force: true });
  }
  return stale.map(({ path }) => path);
}

/** Where the content of `target` is: there or, when its writer was killed in the midst of replacing it, set aside. */
export async function locate(target: string): Promise<string | undefined> {
  if (await exists(target)) return target;
  const temporaries = await temporariesIn(dirname(resolve(target)));
  return temporaries.find(({ kind, target: owner }) => kind === 'replaced' && owner === resolve(target))?.path;
}

async function temporariesIn(directory: string): Promise<Temporary[]> {
  const names = await readdir(directory).catch(() => []);
  return names.flatMap((name) => {
    const [, target, maker, pid, kind] = pattern.exec(name) ?? [];
    if (target === undefined || maker === undefined || (kind !== 'partial' && kind !== 'replaced')) return [];
    return [{ path: join(directory, name), target: join(directory, target), host: maker, pid: Number(pid), kind }];
  });
}

async function isStale(temporary: Temporary): Promise<boolean> {
  if (inUse.has(temporary.path)) return false;
  const made = await stat(temporary.path).catch(() => undefined);
  if (made !== undefined && Date.now() - made.mtimeMs > abandonedAfterMs) return true;
  if (temporary.host !== host) return false;
  return temporary.pid === process.pid || !processIsAlive(temporary.pid); // our own id, not in use: of an earlier process
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
