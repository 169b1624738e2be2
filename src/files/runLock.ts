// One process at a time in a run directory: run.lock says which one. What a process left behind that was killed is taken over.
//
// A file system can create a file for one process alone, but not replace one on condition. So whoever finds a lock abandoned
// first takes a second lock, named after exactly that file (run.lock.<identity>), and looks again: only its holder replaces the
// abandoned one. Whoever was slow finds another file than it judged, and starts over.

import { randomUUID } from 'node:crypto';
import { rmdirSync, rmSync } from 'node:fs';
import { open, readdir, realpath, rename, rm, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeFolder } from './makeFolder.ts';
import { processIsAlive } from './processIsAlive.ts';
import { claimTemporary, releaseTemporary } from './temporaries.ts';
import { systemCode } from './systemReason.ts';
import { explainWriteError } from './writeError.ts';
import { ConfigError } from '../errors.ts';

const lockName = 'run.lock';

/** Whether a file in a run directory belongs to its lock. */
export function isLockFile(name: string): boolean {
  return name === lockName || name.startsWith(`${lockName}.`);
}

interface Owner {
  readonly host: string;
  readonly pid: number;
}

interface Lock {
  /** Another for each lock: an inode's number is soon used again. */
  readonly identity: string;
  readonly modifiedMs: number;
  /** Undefined where its owner is still writing it, or was killed as it did. */
  readonly owner?: Owner;
}

// A process on another host cannot be asked whether it lives, so owners touch their lock.
const touchMs = 30_000;
const abandonedAfterMs = 4 * touchMs;
const writingMs = 2_000; // far more than it takes to write a line
const pollMs = 20;
const ours = new Set<string>();

/**
 * Takes a run directory for this process; makes it when absent. A process that ends gives it back.
 * @returns gives it back; folders that were made for it go too where nothing has come into them
 * @throws ConfigError when another process has it, or this one
 */
export async function lockRun(path: string): Promise<() => void> {
  try {
    const made = await makeFolder(path);
    const folder = await realpath(path);
    const file = join(folder, lockName);
    if (ours.has(file)) throw heldError(path, { host: hostname(), pid: process.pid });
    ours.add(file);
    try {
      const holder = await take(file);
      if (holder !== undefined) throw heldError(path, holder);
      await removeGuards(folder);
    } catch (error) {
      ours.delete(file);
      if (made !== undefined) removeEmpty(resolve(path), made);
      throw error;
    }
    const touching = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), touchMs).unref();
    const release = (): void => {
      process.off('exit', release);
      clearInterval(touching);
      rmSync(file, { force: true });
      if (made !== undefined) removeEmpty(resolve(path), made);
      ours.delete(file);
    };
    process.on('exit', release); // a second Ctrl-C, say
    return release;
  } catch (error) {
    throw explainWriteError(error, path, 'the run was not started');
  }
}

/** Removes a folder and those around it, up to `topmost`, as far as they are empty. */
function removeEmpty(folder: string, topmost: string): void {
  try {
    for (let empty = folder; empty.length >= topmost.length; empty = dirname(empty)) rmdirSync(empty);
  } catch {
    return; // something is in it, or another process has removed it
  }
}

function heldError(path: string, { host, pid }: Owner): ConfigError {
  return new ConfigError(`lockRun: expected a run directory that no other process uses, got ${path}, where process ${pid} on ${host} is at work; wait for it, or remove ${join(path, lockName)} if that is not so`);
}

/** Takes the lock at this path. Returns who has it where that is another process that lives. */
async function take(file: string): Promise<Owner | undefined> {
  while (!(await create(file))) {
    const found = await settled(file);
    if (found === undefined) continue;
    if (found.owner !== undefined && isAlive(found.owner, found)) return found.owner;
    if (await replace(file, found)) return undefined;
  }
  return undefined;
}

/** Creates the lock; false when there is one. */
async function create(file: string): Promise<boolean> {
  let handle;
  try {
    handle = await open(file, 'wx');
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    const owner: Owner = { host: hostname(), pid: process.pid };
    await handle.writeFile(`${JSON.stringify({ ...owner, identity: randomUUID() })}\n`);
    return true;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Puts our lock in the place of one that was found abandoned; false when that one is not there any more. */
async function replace(file: string, abandoned: Lock): Promise<boolean> {
  const guard = `${file}.${abandoned.identity}`;
  if ((await take(guard)) !== undefined) {
    await pause(pollMs); // another process is at it
    return false;
  }
  const fresh = claimTemporary(file, 'partial');
  try {
    if ((await read(file))?.identity !== abandoned.identity) return false;
    await create(fresh);
    await rename(fresh, file);
    return true;
  } finally {
    await rm(fresh, { force: true });
    releaseTemporary(fresh);
    await rm(guard, { force: true });
  }
}

/** The lock at this path once its owner has written it; as it is where that does not happen. */
async function settled(file: string): Promise<Lock | undefined> {
  let found = await read(file);
  // By our own clock: a file server's may differ.
  for (let waited = 0; found !== undefined && found.owner === undefined && waited < writingMs; waited += pollMs) {
    await pause(pollMs);
    const next = await read(file);
    if (next?.identity !== found.identity) waited = 0; // it is being written
    found = next;
  }
  return found;
}

async function read(file: string): Promise<Lock | undefined> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino, mtimeNs } = await handle.stat({ bigint: true });
    return { identity: `${ino}-${mtimeNs}`, modifiedMs: Number(mtimeNs / 1_000_000n), ...parse(await handle.readFile('utf8')) };
  } finally {
    await handle.close();
  }
}

function parse(text: string): Pick<Lock, 'identity' | 'owner'> | undefined {
  try {
    const { host, pid, identity } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof identity !== 'string') return undefined;
    return /^[\w-]+$/.test(identity) ? { identity, owner: { host, pid } } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ host, pid }: Owner, { modifiedMs }: Lock): boolean {
  if (host !== hostname()) return Date.now() - modifiedMs < abandonedAfterMs;
  return pid !== process.pid && processIsAlive(pid); // our own: of an earlier process, since this one has not taken it
}

/** Removes what processes left that were killed while they replaced a lock. Called by the holder: no guard is of use now. */
async function removeGuards(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isLockFile(name) && name !== lockName) await rm(join(folder, name), { force: true });
  }
}
