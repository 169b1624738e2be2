// One process at a time in a run directory: run.lock says which one. What a process left behind that was killed is taken over.

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { explainWriteError, systemCode } from '../checkpoint/writeError.ts';
import { ConfigError } from '../errors.ts';

/** The lock's file in a run directory. */
export const lockName = 'run.lock';

interface Owner {
  readonly host: string;
  readonly pid: number;
}

// A process on another host cannot be asked whether it lives, so owners touch their lock.
const touchMs = 30_000;
const abandonedAfterMs = 4 * touchMs;
const ours = new Set<string>();

/**
 * Takes a run directory for this process; makes it when absent.
 * @returns gives it back
 * @throws ConfigError when another process has it
 */
export async function lockRun(path: string): Promise<() => Promise<void>> {
  const file = join(path, lockName);
  try {
    await mkdir(path, { recursive: true });
    while (!(await create(file))) await removeAbandoned(file, path);
  } catch (error) {
    throw explainWriteError(error, path, 'the run was not started');
  }
  ours.add(file);
  const touching = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), touchMs).unref();
  return async () => {
    clearInterval(touching);
    ours.delete(file);
    await rm(file, { force: true });
  };
}

async function create(file: string): Promise<boolean> {
  const owner: Owner = { host: hostname(), pid: process.pid };
  try {
    await writeFile(file, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function removeAbandoned(file: string, path: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const owner = text === undefined ? undefined : parse(text);
  if (owner !== undefined && (await isAlive(file, owner))) {
    throw new ConfigError(`lockRun: expected a run directory that no other process uses, got ${path}, where process ${owner.pid} on ${owner.host} is at work; wait for it, or remove ${file} if that is not so`);
  }
  // Renamed first: of two processes that find it abandoned, one gets it.
  const aside = `${file}.${randomUUID().slice(0, 8)}`;
  await rename(file, aside).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isAlive(file: string, { host, pid }: Owner): Promise<boolean> {
  if (host !== hostname()) {
    const status = await stat(file).catch(() => undefined);
    return status !== undefined && Date.now() - status.mtimeMs < abandonedAfterMs;
  }
  if (pid === process.pid) return ours.has(file); // else of an earlier process that had our id
  try {
    process.kill(pid, 0); // signal 0 asks without sending
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM'; // it lives, but is another user's
  }
}

function parse(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('host' in value) || !('pid' in value)) return undefined;
    return typeof value.host === 'string' && typeof value.pid === 'number' ? { host: value.host, pid: value.pid } : undefined;
  } catch {
    return undefined; // its owner was killed while it wrote
  }
}
