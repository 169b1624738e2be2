import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRun } from '../../src/engine/runDirectory.ts';
import { lockRun } from '../../src/files/runLock.ts';
import { ConfigError } from '../../src/errors.ts';

let folder = '';
let run = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-lock-'));
  run = join(folder, 'runs/tiny');
  file = join(run, 'run.lock');
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const lockOf = (owner: object | string) => {
  mkdirSync(run, { recursive: true });
  writeFileSync(file, typeof owner === 'string' ? owner : JSON.stringify(owner));
};

/** Of all that `open` gives. */
async function handlePrototype(): Promise<FileHandle> {
  const handle = await open(import.meta.filename);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

/** The id of a process that has ended. */
async function pidOfNobody(): Promise<number | undefined> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid;
}

/** A process that locks `run` and gives it back as it is told, and says what came of it. */
const contender = (run: string): string => `
  import { createJiti } from 'jiti';
  const { lockRun } = await createJiti(import.meta.url).import(${JSON.stringify(pathToFileURL('src/files/runLock.ts').href)});
  let unlock;
  process.on('message', async (message) => {
    if (message === 'unlock') unlock?.();
    unlock = message === 'lock' ? await lockRun(${JSON.stringify(run)}).catch(() => undefined) : undefined;
    process.send(unlock === undefined ? 'without' : 'with');
  });
  process.send('ready');`;

describe('lockRun', () => {
  it('gives a run directory to one at a time', async () => {
    const unlock = await lockRun(run);
    await expect(lockRun(run)).rejects.toThrow(ConfigError);
    await expect(lockRun(run)).rejects.toThrow(
      `got ${run}, where process ${process.pid} on ${hostname()} is at work; wait for it, or remove ${file} if that is not so`);
    unlock();
    expect(existsSync(file)).toBe(false);
    (await lockRun(run))();
  });

  it('does not stand in the way of a new run', async () => {
    const unlock = await lockRun(run);
    await (await openRun({ path: run, config: {} })).begin();
    unlock();
    expect(existsSync(run)).toBe(true);
  });

  it('leaves no folders behind that it made for a run which never began', async () => {
    (await lockRun(run))();
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, 'runs'));
    (await lockRun(run))();
    expect(readdirSync(folder)).toEqual(['runs']);
    (await lockRun(relative(process.cwd(), run)))();
    expect(readdirSync(folder)).toEqual(['runs']);
  });

  it('leaves nothing behind where the lock cannot be written', async () => {
    const handles = await handlePrototype();
    for (const path of [run, relative(process.cwd(), run)]) {
      vi.spyOn(handles, 'writeFile').mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }));
      await expect(lockRun(path)).rejects.toThrow(`cannot write ${path}: no space left on device; the run was not started`);
      expect(readdirSync(folder)).toEqual([]);
    }
    mkdirSync(run, { recursive: true });
    vi.spyOn(handles, 'writeFile').mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await expect(lockRun(run)).rejects.toThrow('no space');
    expect(readdirSync(run)).toEqual([]); // it was there before
    (await lockRun(run))();
  });

  it('gives back what was removed meanwhile', async () => {
    const unlock = await lockRun(run);
    rmSync(file);
    unlock();
    (await lockRun(run))();
  });

  it.skipIf(!existsSync('/proc/self/fd'))('leaves no file open (needs /proc/self/fd)', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    lockOf({ host: 'elsewhere', pid: 7, identity: 'a' });
    await expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    const before = open();
    await expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    rmSync(file);
    (await lockRun(run))();
    expect(open()).toBe(before);
  });

  it('is given back as the process exits, unless it was before', async () => {
    const before = process.listeners('exit');
    const added = () => process.listeners('exit').filter((listener) => !before.includes(listener));
    await lockRun(run);
    const [release] = added();
    release!(0);
    expect(existsSync(run)).toBe(false);
    const unlock = await lockRun(run);
    expect(added()).toHaveLength(1);
    unlock();
    expect(added()).toEqual([]);
  });

  it('touches its lock each 30 s without holding the process up', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    (await lockRun(run))();
    const [timer] = timers.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timer!.hasRef()).toBe(false);
    timers.mockRestore();

    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const unlock = await lockRun(run);
    const age = () => Date.now() - statSync(file).mtimeMs;
    utimesSync(file, new Date(0), new Date(0));
    vi.advanceTimersByTime(30_000);
    while (age() > 60_000) await setTimeout(5);
    expect(vi.getTimerCount()).toBe(1);
    unlock();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with its process, however that exits', async () => {
    const script = `
      import { createJiti } from 'jiti';
      const { lockRun } = await createJiti(import.meta.url).import(${JSON.stringify(pathToFileURL('src/files/runLock.ts').href)});
      await lockRun(${JSON.stringify(run)});
      process.exit(7);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    expect((await once(child, 'exit'))[0]).toBe(7);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is held by a process that lives, not by one that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    lockOf({ host: hostname(), pid: child.pid, identity: 'a' });
    await expect(lockRun(run)).rejects.toThrow(`process ${child.pid} on`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await lockRun(run))();
  });

  /** Takes the lock over that is there, gives it back, and says what was there meanwhile and after. */
  const takeOver = async (run: string) => {
    const unlock = await lockRun(run);
    const names = readdirSync(run);
    const owner: unknown = JSON.parse(readFileSync(join(run, 'run.lock'), 'utf8'));
    unlock();
    return { owner, names, after: readdirSync(run) };
  };
  const takenOver = {
    owner: expect.objectContaining({ host: hostname(), pid: process.pid }) as unknown, names: ['run.lock'], after: [], // it was there before
  };

  it('takes over from an earlier process that had our id', async () => {
    lockOf({ host: hostname(), pid: process.pid, identity: 'a' });
    expect(await takeOver(run)).toEqual(takenOver);
  });

  it('waits for a process that is writing its lock', async () => {
    lockOf('');
    const second = expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    await setTimeout(100);
    lockOf('{"host":');
    await setTimeout(100);
    lockOf({ host: 'elsewhere', pid: 7, identity: 'a' });
    await second;
  });

  it('takes over from a process that was killed while it took over', async () => {
    const pid = await pidOfNobody();
    lockOf({ host: hostname(), pid, identity: 'a' });
    writeFileSync(`${file}.a`, JSON.stringify({ host: hostname(), pid, identity: 'b' }));
    writeFileSync(`${file}.a.b`, JSON.stringify({ host: hostname(), pid, identity: 'c' }));
    writeFileSync(`${file}.d`, '');
    writeFileSync(join(run, 'config.json'), '{}');
    (await lockRun(run))();
    expect(readdirSync(run)).toEqual(['config.json']);
  });

  it('lets the process that takes over end its work first', async () => {
    const pid = await pidOfNobody();
    lockOf({ host: hostname(), pid, identity: 'a' });
    writeFileSync(`${file}.a`, JSON.stringify({ host: hostname(), pid: process.ppid, identity: 'b' }));
    const locking = lockRun(run);
    await setTimeout(100);
    rmSync(`${file}.a`);
    const unlock = await locking;
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ host: hostname(), pid: process.pid });
    unlock();
  });

  it('leaves a lock alone that another process took while this one was about to take it over', async () => {
    const pid = await pidOfNobody();
    lockOf({ host: hostname(), pid, identity: 'a' });
    writeFileSync(`${file}.a`, '');
    const refused = expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    await setTimeout(100);
    lockOf({ host: 'elsewhere', pid: 7, identity: 'c' });
    writeFileSync(`${file}.a`, JSON.stringify({ host: hostname(), pid, identity: 'b' }));
    await refused;
    expect(readdirSync(run)).toEqual(['run.lock']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ host: 'elsewhere', pid: 7, identity: 'c' });
  });

  it('believes another host for two minutes after it touched its lock', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T12:00:00Z') });
    lockOf({ host: 'elsewhere', pid: 7, identity: 'a' });
    for (const time of ['12:00:10', '11:58:01']) {
      utimesSync(file, new Date(), new Date(`2026-01-01T${time}Z`));
      await expect(lockRun(run)).rejects.toThrow('process 7 on elsewhere');
    }
    utimesSync(file, new Date(), new Date('2026-01-01T11:58:00Z'));
    (await lockRun(run))();
  });

  it('lets one of many calls win, under whatever name they know the place', async () => {
    lockOf({ host: hostname(), pid: process.pid, identity: 'a' });
    symlinkSync(run, join(folder, 'link'));
    const paths = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? run : join(folder, 'link')));
    const won = (await Promise.allSettled(paths.map(lockRun))).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
  });

  it('lets one of many processes win a lock that was left behind', async () => {
    const pid = await pidOfNobody();
    const contenders = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', contender(run)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    const told = async (message?: string): Promise<unknown[]> =>
      Promise.all(contenders.map(async (child) => {
        if (message !== undefined) child.send(message);
        return (await once(child, 'message'))[0] as unknown;
      }));
    try {
      await told();
      for (let round = 0; round < 40; round++) {
        lockOf({ host: hostname(), pid, identity: `a${round}` });
        expect((await told('lock')).filter((answer) => answer === 'with')).toHaveLength(1);
        await told('unlock');
        expect(readdirSync(run)).toEqual([]);
      }
    } finally {
      for (const child of contenders) child.kill('SIGKILL');
    }
  });

  it('says what is wrong with the place', async () => {
    writeFileSync(join(folder, 'runs'), '');
    await expect(lockRun(run)).rejects.toThrow(`cannot write ${run}: ${join(folder, 'runs')} is a file, not a directory`);
  });

  it('takes over what no process has written to its end', async () => {
    const left = [
      '', '{"ho', 'null', '7', '{"pid":1,"identity":"a"}', '{"host":"x","identity":"a"}', '{"host":"x","pid":1}', '{"host":2,"pid":1,"identity":"a"}',
      '{"host":"x","pid":"1","identity":"a"}', '{"host":"x","pid":1,"identity":3}', '{"host":"x","pid":1,"identity":"../a"}',
    ];
    const taken = left.map(async (text, i) => {
      const own = `${run}${i}`;
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, 'run.lock'), text);
      return takeOver(own);
    });
    expect(await Promise.all(taken)).toEqual(left.map(() => takenOver));
  });
});
