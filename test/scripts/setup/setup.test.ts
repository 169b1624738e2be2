import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeProject } from './fakeProject.ts';

let project: FakeProject;
beforeEach(() => { project = new FakeProject(); });
afterEach(() => project.remove());

/** The names of what did work, without Python being asked where torch is. */
function work(calls: readonly string[]): string[] {
  return calls.filter((call) => !call.startsWith('python3 -c')).map((call) => call.split(' ').slice(0, 2).join(' ').trim());
}

const everything = ['npm ci', 'cmake -S', 'cmake --build', 'esbuild', 'tsc', 'esbuild'];

describe('set-up', () => {
  it('does everything once, in order, then nothing, and then prints nothing', async () => {
    const first = await project.setUp();
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(work(first.calls)).toEqual(everything);
    expect(first.calls).toContainEqual(expect.stringContaining(`-DTORCH_DIR=${project.root}/build/native/found/torch`));
    expect(project.linked('torch')).toBe(path.join(project.root, 'torch'));

    const second = await project.setUp();
    expect(second).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(work(second.calls)).toEqual([]);
  });

  it('redoes only what a change reaches', async () => {
    await project.setUp();
    project.write('native/ops/extra.cc', 'int two = 2;');
    expect(work((await project.setUp()).calls)).toEqual(['cmake -S', 'cmake --build']);
    project.write('src/cli/main.ts', 'export const a = 1;');
    expect(work((await project.setUp()).calls)).toEqual(['tsc', 'esbuild']);
    project.write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/typescript': { version: '5.9.0' } } }));
    expect(work((await project.setUp()).calls)).toEqual(['npm ci']);
    fs.rmSync(path.join(project.root, 'build/tfjs-gradients.mjs'));
    expect(work((await project.setUp()).calls)).toEqual(['esbuild']);
    project.writeTorch('torch', '2.14.0');
    expect(work((await project.setUp()).calls)).toEqual(['cmake -S', 'cmake --build']);
    fs.utimesSync(path.join(project.root, 'native/addon.cc'), new Date(), new Date());
    expect(work((await project.setUp()).calls)).toEqual([]);
  });

  it('removes what was compiled from sources that are gone', async () => {
    project.write('dist/cli/old.js', '');
    project.write('dist/cli/old.d.ts', '');
    await project.setUp();
    expect(['dist/cli/old.js', 'dist/cli/old.d.ts', 'dist/cli/main.js'].map((name) => project.exists(name))).toEqual([false, false, true]);
  });

  it('lets a second process wait for the first and then find everything done', async () => {
    const runs = await Promise.all([project.setUp(), project.setUp()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(work(project.calls()).sort()).toEqual([...everything].sort());
  });

  it('does not mind the lock file of a process that died', async () => {
    // Process ids end at 4194304 on Linux.
    project.write('build/setup.lock', '4194305');
    expect(await project.setUp()).toMatchObject({ code: 0 });
  });
});

describe('a package that npm installed', () => {
  it('comes with its JavaScript, and gets libtorch and the addon', async () => {
    for (const name of ['src', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
      fs.rmSync(path.join(project.root, name), { recursive: true });
    }
    for (const name of ['node-addon-api', 'node-api-headers']) project.write(`node_modules/${name}/package.json`, '{ "version": "1.0.0" }');
    const first = await project.setUp();
    expect({ code: first.code, work: work(first.calls) }).toEqual({ code: 0, work: ['cmake -S', 'cmake --build'] });
    expect((await project.setUp()).stderr).toBe('');
  });

  it('is packed from the JavaScript alone', async () => {
    project.without('cmake');
    project.without('python3');
    const { code, calls } = await project.setUp({}, '--javascript');
    expect({ code, work: work(calls) }).toEqual({ code: 0, work: ['npm ci', 'esbuild', 'tsc', 'esbuild'] });
  });

  it('says which folder it may not write', async () => {
    await project.setUp();
    fs.rmSync(path.join(project.root, 'build'), { recursive: true });
    fs.chmodSync(project.root, 0o555);
    const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: project.root, env: { PATH: project.bin }, encoding: 'utf8', ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }),
    });
    fs.chmodSync(project.root, 0o755);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^mpvg set-up: .*build cannot be written \(EACCES\): /);
  });
});

describe("a folder's name", () => {
  it.each(['$HOME', '`id`', 'a;b', 'a"b\'', '[a]', '${a}', 'a|b#', 'Grüße%20', 'a\nb'])('may hold %j', async (name) => {
    project.remove();
    project = new FakeProject(`mpvg ${name}`);
    const { code, stderr, calls } = await project.setUp();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(calls.filter((call) => call.startsWith('cmake') && /[$`;"'[\]{|#%]/.test(call.replace(/-D\w+=|\$ORIGIN/g, '')))).toEqual([]);
    expect((await project.setUp()).stderr).toBe('');
  });
});

describe('what is missing is named, with how to get it, in one line and exit code 2', () => {
  it.each([
    ['npm', /npm not found: it comes with Node/],
    ['cmake', /cmake not found: install CMake .* apt install cmake/],
    ['c++', /no C\+\+ compiler found \(looked for c\+\+, g\+\+, clang\+\+\): .* apt install g\+\+/],
    ['make', /neither make nor ninja found: .* apt install make/],
    ['python3', /no libtorch and no python3 to install it: .* apt install python3-venv.* MPVG_LIBTORCH/],
  ])('%s', async (name, message) => {
    project.without(name);
    const run = await project.setUp();
    expect(run.code).toBe(2);
    expect(lastLine(run.stderr)).toMatch(message);
  });

  it('the network, for npm and for pip', async () => {
    project.program('npm', "console.error('npm error code ENOTFOUND'); process.exit(1);");
    const npm = await project.setUp();
    expect(npm.code).toBe(2);
    expect(lastLine(npm.stderr)).toMatch(/npm cannot reach its registry: connect to the network/);

    project.remove();
    project = new FakeProject();
    installInto(project, "console.error('NewConnectionError: Failed to establish a new connection'); process.exit(1);");
    const pip = await project.setUp();
    expect(pip.code).toBe(2);
    expect(lastLine(pip.stderr)).toMatch(/pip cannot reach its index for torch==.*: connect to the network, or set MPVG_LIBTORCH/);
  });

  it('a libtorch that is too old, or none, in MPVG_LIBTORCH', async () => {
    project.writeTorch('old', '2.3.1');
    const old = await project.setUp({ MPVG_LIBTORCH: 'old' });
    expect(old.code).toBe(2);
    expect(lastLine(old.stderr)).toMatch(/expected torch 2\.7 or newer in MPVG_LIBTORCH=old, got 2\.3\.1: pip install -U torch/);
    const none = await project.setUp({ MPVG_LIBTORCH: 'native' });
    expect(none.code).toBe(2);
    expect(lastLine(none.stderr)).toMatch(/no libtorch in MPVG_LIBTORCH=native: set MPVG_LIBTORCH/);
  });

  it('an error of the compiler, which is tried again the next time', async () => {
    project.program('cmake', "if (args[0] === '--build') { console.log('addon.cc:3:1: error: no dog here'); process.exit(2); }");
    for (let attempt = 0; attempt < 2; attempt++) {
      const run = await project.setUp();
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/the addon does not compile \(cmake --build .*\):\naddon\.cc:3:1: error: no dog here\n/);
    }
  });

  it('an error in TypeScript', async () => {
    project.write('src/cli/main.ts', 'wrong');
    const run = await project.setUp();
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/TypeScript does not compile:\nsrc\/cli\/main\.ts\(1,1\): error TS2304/);
  });
});

describe('libtorch', () => {
  it('comes from MPVG_LIBTORCH before Python', async () => {
    project.write('mine/build-version', '2.8.0\n');
    project.write('mine/lib/libtorch_cpu.so', '');
    project.write('mine/include/ATen/ATen.h', '');
    await project.setUp({ MPVG_LIBTORCH: 'mine' });
    expect(project.linked('torch')).toBe(path.join(project.root, 'mine'));
  });

  it("goes into the project's own .venv when Python's torch is too old, and that Python stays as it is", async () => {
    installInto(project, `
      write('.venv/lib/python3.12/site-packages/torch/version.py', "__version__ = '2.13.0'");
      write('.venv/lib/python3.12/site-packages/torch/lib/libtorch_cpu.so', '');
      write('.venv/lib/python3.12/site-packages/torch/include/ATen/ATen.h', '');
      write('.venv/lib/python3.12/site-packages/torch-2.13.0.dist-info/RECORD', '');
    `);
    const { code, calls } = await project.setUp();
    expect(code).toBe(0);
    expect(calls.filter((call) => call.includes('pip install'))).toEqual(['venv-python -m pip install --disable-pip-version-check torch==2.13.0']);
    expect(project.linked('torch')).toBe(path.join(project.root, '.venv/lib/python3.12/site-packages/torch'));
    expect((await project.setUp()).stderr).toBe('');
  });

  it('is installed again into a .venv whose installation was interrupted', async () => {
    project.writeTorch('.venv/lib/python3.12/site-packages/torch', '2.13.0');
    installInto(project, "write('.venv/lib/python3.12/site-packages/torch-2.13.0.dist-info/RECORD', '');");
    expect(work((await project.setUp()).calls)).toContain('venv-python -m');
  });
});

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** A python3 whose torch is too old and whose virtual environments run `code` when told to install something. */
function installInto(target: FakeProject, code: string): void {
  target.writeTorch('torch', '2.6.0');
  target.program('venv-python', code);
  target.program('python3', `
    if (args[0] === '-c') console.log(path.join(root, 'torch'));
    if (args[1] === 'venv') {
      write('.venv/bin/pip', '');
      fs.copyFileSync(path.join(root, 'fake-bin/venv-python'), path.join(root, '.venv/bin/python'));
    }
  `);
}
