// The package as npm would install it: what `npm pack` lists, in a project of its own, with links to the packages that it
// depends on. (npm itself would want a registry.)

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = path.resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(fs.readFileSync(path.join(repository, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };

let project = '';
beforeAll(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-package-'));
  const modules = path.join(project, 'node_modules');
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: repository, encoding: 'utf8' });
  for (const { path: file } of (JSON.parse(listed) as [{ files: { path: string }[] }])[0].files) {
    fs.cpSync(path.join(repository, file), path.join(modules, 'mpvg', file));
  }
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    fs.mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    fs.symlinkSync(path.join(repository, 'node_modules', name), path.join(modules, name));
  }
});
afterAll(() => fs.rmSync(project, { recursive: true }));

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, stdout, stderr };
}

const mpvg = (args: readonly string[], env: Record<string, string> = {}) =>
  run(process.execPath, ['node_modules/mpvg/dist/bin/mpvg.js', ...args], env);

it('tells how to set it up, sets itself up and trains', () => {
  const training = ['pretrain', 'node_modules/mpvg/configs/quickstart/pretrain.ts', '--set', 'schedule.epochs=1', '--set', 'schedule.warmupEpochs=0'];
  const before = mpvg(training);
  expect(before).toMatchObject({ status: 2, stdout: '' });
  expect(before.stderr).toMatch(/^mpvg: the native addon is not built \(.*\); run: npx mpvg setup\n$/);
  expect(fs.existsSync(path.join(project, 'runs'))).toBe(false);

  const libtorch = fs.realpathSync(path.join(repository, 'build/native/found/torch'));
  const setUp = mpvg(['setup'], { MPVG_LIBTORCH: libtorch });
  expect(setUp).toMatchObject({ status: 0, stdout: '' });
  expect(setUp.stderr).toMatch(/^mpvg set-up: compiling the native addon .* s\nmpvg set-up: all is there\n$/);
  expect(mpvg(['setup'], { MPVG_LIBTORCH: libtorch }).stderr).toBe('mpvg set-up: all is there\n');

  const after = mpvg(training);
  expect(after.status).toBe(0);
  expect(after.stdout).toMatch(/best top-1 +\d+\.\d+ %/);
});

it('answers --help, and evaluates, without set-up', () => {
  expect(mpvg(['--help']).stdout).toContain('setup');
  expect(mpvg(['evaluate', 'coco', '--gt', 'absent.json', '--dt', 'absent.json'])).toMatchObject({ status: 2 });
});

it('is imported, as a whole and for COCO files alone', () => {
  fs.writeFileSync(path.join(project, 'use.mjs'), `
    import { defineConfig, joinPresets } from 'mpvg';
    import { CocoDataset, CocoEval } from 'mpvg/coco';
    console.log(typeof defineConfig, 'mpvg' in joinPresets, typeof CocoDataset.open, typeof CocoEval);
  `);
  expect(run(process.execPath, ['use.mjs'])).toEqual({ status: 0, stdout: 'function true function function\n', stderr: '' });
});

const tsc = path.join(repository, 'node_modules/.bin/tsc');
const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];

it('has types', () => {
  const compile = (text: string) => {
    fs.writeFileSync(path.join(project, 'use.mts'), text);
    return run(tsc, [...strict, '--lib', 'es2023', 'use.mts']);
  };
  const imports = "import { selectBackend, type JoinName } from 'mpvg';\nimport { CocoDataset } from 'mpvg/coco';\nawait selectBackend();\n";
  expect(compile(`${imports}const join: JoinName = 'lape';\nexport const opened: Promise<CocoDataset> = CocoDataset.open(join);`)).toMatchObject({ status: 0, stdout: '' });
  expect(compile(`${imports}export const join: JoinName = 'mistake';\nCocoDataset;`).stdout).toContain('TS2322');
});

describe('the examples, copied into a project', () => {
  const examples = fs.readdirSync(path.join(repository, 'examples'));

  beforeAll(() => {
    fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    fs.cpSync(path.join(project, 'node_modules/mpvg/examples'), path.join(project, 'examples'), { recursive: true });
  });

  it('compile without skipLibCheck, and beside the types of a browser with it', () => {
    const files = examples.map((name) => path.join('examples', name));
    expect(run(tsc, [...strict, '--noUncheckedIndexedAccess', '--lib', 'es2023', ...files])).toMatchObject({ status: 0, stdout: '' });
    expect(run(tsc, [...strict, '--lib', 'es2023,dom', '--skipLibCheck', ...files])).toMatchObject({ status: 0, stdout: '' });
  });

  it.each([
    ['dataset', ['runs/shapes'], /^best top-1 0\.\d+, weights in runs\/shapes\/checkpoints\/best$/m],
    ['join', ['runs/joins'], /^own +top-1 /m],
    ['head', [], /^step 90 {2}precision 0\.\d+$/m],
    ['evaluation', [], /^mIoU 0\.6722, /m],
    ['predictor', ['runs/quickstart', 'node_modules/mpvg/samples/val/meal'], /^.*\.jpg: \w+ \d+\.\d+ %/],
  ])('%s.ts runs', (name, args, printed) => {
    const given = args.flatMap((arg) => (arg.includes('samples') ? fs.readdirSync(path.join(project, arg)).map((file) => path.join(arg, file)) : [arg]));
    const { status, stdout, stderr } = run(process.execPath, ['node_modules/jiti/lib/jiti-cli.mjs', `examples/${name}.ts`, ...given]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(printed);
  });

  it('rotation.ts trains', () => {
    const trained = mpvg(['train', 'examples/rotation.ts', '--data', 'node_modules/mpvg/samples', '--set', 'epochs=1']);
    expect([trained.status, trained.stdout]).toEqual([0, expect.stringMatching(/^best right +\d+\.\d+ %/m)]);
  });
});
