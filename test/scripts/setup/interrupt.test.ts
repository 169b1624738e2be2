// Set-up that is stopped while the compiler works: nothing goes on without it, and the next one never works beside what is left.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeProject } from './fakeProject.ts';

let project: FakeProject;
beforeEach(() => { project = new FakeProject(); });
afterEach(() => project.remove());

/** A cmake whose compiler comes to no end. Each compiler notes itself, and those which it finds at work. */
function compileForever(ignored: readonly NodeJS.Signals[] = []): void {
  const ignore = `for (const signal of ${JSON.stringify(ignored)}) process.on(signal, () => undefined);`;
  project.program('endless', `
    ${ignore}
    fs.mkdirSync(path.join(root, 'compilers'), { recursive: true });
    const isRunning = (pid) => { try { return !fs.readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z '); } catch { return false; } };
    if (fs.readdirSync(path.join(root, 'compilers')).some(isRunning)) fs.appendFileSync(path.join(root, 'calls'), 'two at once\\n');
    write('compilers/' + process.pid, '');
    setInterval(() => undefined, 1000);
  `);
  project.program('cmake', `
    ${ignore}
    if (args[0] === '--build') require('child_process').spawn(path.join(root, 'fake-bin/endless')).on('exit', () => process.exit(1));
    else fs.mkdirSync(args[3], { recursive: true });
  `);
}

function compilers(): string[] {
  return project.exists('compilers') ? fs.readdirSync(path.join(project.root, 'compilers')) : [];
}

/** A process that has ended may wait to be collected. */
function isRunning(pid: string): boolean {
  try {
    return !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** Set-up, stopped by a signal when its compiler is at work. */
async function stoppedBy(signal: NodeJS.Signals) {
  const before = compilers().length;
  const { kill, ended } = project.start();
  while (compilers().length === before) await sleep(20);
  kill(signal);
  return ended;
}

describe('set-up that is stopped', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s ends what it runs before it ends itself', async (signal) => {
    compileForever();
    const run = await stoppedBy(signal);
    expect(run).toMatchObject({ code: null, signal });
    expect(run.stderr).toMatch(new RegExp(`compiling .* … stopped by ${signal}\\n$`));
    expect(compilers().filter(isRunning)).toEqual([]);
  });

  it('removes the plain name that it gave a folder', async () => {
    project.remove();
    project = new FakeProject('mpvg $HOME ');
    compileForever();
    const { calls } = await stoppedBy('SIGTERM');
    const [, link] = / -S (.*)\/native -B /.exec(calls.find((call) => call.startsWith('cmake -S'))!)!;
    expect(path.basename(link!)).toBe('clone');
    expect(fs.existsSync(path.dirname(link!))).toBe(false);
  });

  it('kills what does not listen when the signal comes again', async () => {
    compileForever(['SIGTERM']);
    const { kill, ended } = project.start();
    while (compilers().length === 0) await sleep(20);
    kill('SIGINT');
    await sleep(100);
    expect(compilers().filter(isRunning)).toHaveLength(1);
    kill('SIGINT');
    expect(await ended).toMatchObject({ signal: 'SIGINT' });
    while (compilers().some(isRunning)) await sleep(20);
  });

  it('by SIGKILL leaves nothing that works beside the next one', async () => {
    compileForever(['SIGTERM', 'SIGINT', 'SIGHUP']);
    const calls: string[] = [];
    for (let attempt = 0; attempt < 5; attempt++) calls.push(...(await stoppedBy('SIGKILL')).calls);
    expect(calls).not.toContain('two at once');
    expect(calls.filter((call) => call.startsWith('cmake --build'))).toHaveLength(5);
    while (compilers().some(isRunning)) await sleep(20);
  });

  it('does not go on with half a build', async () => {
    await project.setUp();
    project.write('native/addon.cc', 'int two = 2;');
    const cmake = fs.readFileSync(path.join(project.bin, 'cmake'));
    compileForever();
    await stoppedBy('SIGKILL');
    project.write('build/native/half.o', '');
    project.write('build/native/CMakeCache.txt', `CMAKE_HOME_DIRECTORY:INTERNAL=${project.root}/native\n`);
    fs.writeFileSync(path.join(project.bin, 'cmake'), cmake);
    expect(await project.setUp()).toMatchObject({ code: 0 });
    expect(project.exists('build/native/half.o')).toBe(false);
  });
});
