import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRun } from '../../src/engine/runDirectory.ts';
import { lockName, lockRun } from '../../src/engine/runLock.ts';
import { ConfigError } from '../../src/errors.ts';

let folder = '';
let run = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-lock-'));
  run = join(folder, 'runs/tiny');
  file = join(run, lockName);
});
afterEach(() => rmSync(folder, { recursive: true }));

const lockOf = (owner: object | string) => {
  mkdirSync(run, { recursive: true });
  writeFileSync(file, typeof owner === 'string' ? owner : JSON.stringify(owner));
};

describe('lockRun', () => {
  it('gives a run directory to one at a time', async () => {
    const unlock = await lockRun(run);
    await expect(lockRun(run)).rejects.toThrow(ConfigError);
    await expect(lockRun(run)).rejects.toThrow(`got ${run}, where process ${process.pid} on ${hostname()} is at work`);
    await unlock();
    expect(existsSync(file)).toBe(false);
    await (await lockRun(run))();
  });

  it('does not stand in the way of a new run', async () => {
    const unlock = await lockRun(run);
    (await openRun({ path: run, config: {} })).log.close();
    await unlock();
  });

  it('is held by a process that lives, not by one that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    lockOf({ host: hostname(), pid: child.pid });
    await expect(lockRun(run)).rejects.toThrow(`process ${child.pid} on`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await lockRun(run))();
  });

  it('takes over from an earlier process that had our id, and from one killed as it wrote', async () => {
    for (const left of [{ host: hostname(), pid: process.pid }, '', '{"ho', '[]']) {
      lockOf(left);
      const unlock = await lockRun(run);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ host: hostname(), pid: process.pid });
      await unlock();
    }
  });

  it('believes another host for as long as it touches its lock', async () => {
    lockOf({ host: 'elsewhere', pid: 7 });
    await expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    const longAgo = new Date(Date.now() - 10 * 60_000);
    utimesSync(file, longAgo, longAgo);
    await (await lockRun(run))();
  });

  it('lets one of many win a lock that was left behind', async () => {
    lockOf({ host: hostname(), pid: process.pid });
    const won = (await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(run)))).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
  });

  it('says what is wrong with the place', async () => {
    writeFileSync(join(folder, 'runs'), '');
    await expect(lockRun(run)).rejects.toThrow('a part of the path is a file, not a directory; the run was not started');
  });
});
