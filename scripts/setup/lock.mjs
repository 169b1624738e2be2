// One set-up at a time. The lock is a file that holds the owner's process id; a lock whose owner has died is taken over.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Puts a complete lock file in place or returns false: link() fails when the name is taken, and never shows a half-written file.
 * @param {string} file
 */
function tryTake(file) {
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/** @param {string} file */
function owner(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Moves a dead owner's lock aside; should another process have replaced it meanwhile, its lock is put back.
 * @param {string} file
 * @param {number} deadPid
 */
function clearDead(file, deadPid) {
  const aside = `${file}.dead.${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return;
  }
  if (owner(aside) !== deadPid) fs.linkSync(aside, file);
  fs.rmSync(aside, { force: true });
}

/**
 * Runs `work` while holding the lock, waiting for another process to finish first.
 * @template T
 * @param {string} file
 * @param {(ownerPid: number) => void} onWait called once when there is someone to wait for
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, onWait, work) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let waiting = false; !tryTake(file);) {
    const pid = owner(file);
    if (pid === undefined) continue;
    if (!isAlive(pid)) {
      clearDead(file, pid);
      continue;
    }
    if (!waiting) onWait(pid);
    waiting = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
