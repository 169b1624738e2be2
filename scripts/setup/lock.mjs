// One set-up at a time. The lock is the kernel's (flock) on an open file that the programs of a set-up inherit: it is free when
// the last of them has ended, however the set-up itself went, and needs no clearing up.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './command.mjs';
import { SetupProblem } from './problem.mjs';

/**
 * @param {string} flock
 * @param {number} lock
 * @returns {boolean} whether it is ours now
 */
function tryTake(flock, lock) {
  const { status, stderr, error } = spawnSync(flock, ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', lock], encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0 && status !== 1) throw new SetupProblem(`the file system of build/ has no locks (${stderr.trim()}): use a local disk`);
  return status === 0;
}

/**
 * Runs `work` while holding the lock, waiting for another set-up to finish first.
 * @template T
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 * @param {(ownerPid: string) => void} onWait called once when there is someone to wait for
 * @param {(lock: number) => Promise<T>} work is given the lock, for the programs that it runs
 * @returns {Promise<T>}
 */
export async function withLock(file, env, onWait, work) {
  const flock = findProgram('flock', env);
  if (flock === undefined) throw new SetupProblem('flock not found: install util-linux (Debian, Ubuntu: apt install util-linux)');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const lock = fs.openSync(file, 'a+');
  try {
    for (let isWaiting = false; !tryTake(flock, lock); isWaiting = true) {
      if (!isWaiting) onWait(fs.readFileSync(file, 'utf8'));
      await sleep(200);
    }
    fs.ftruncateSync(lock);
    fs.writeSync(lock, String(process.pid));
    return await work(lock);
  } finally {
    fs.closeSync(lock);
  }
}
