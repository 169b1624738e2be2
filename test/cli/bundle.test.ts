// dist/bin, the bundled command line that set-up makes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeProblem, type ProblemFiles } from '../../src/cli/bench/cocoProblem.ts';

const dist = path.join(import.meta.dirname, '../../dist');
const bin = path.join(dist, 'bin');

function run(file: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(dist, file), ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What a file of the bundle loads before it runs: files, packages, and the modules that are in them. */
function loadedWith(file: string): { packages: string[]; modules: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (name: string): void => {
    if (files.has(name)) return;
    files.add(name);
    for (const [, target] of readFileSync(path.join(bin, name), 'utf8').matchAll(/^(?:import|export)\b[^'";]*["']([^"']+)["'];$/gm)) {
      if (target!.startsWith('./')) visit(target!);
      else if (!target!.startsWith('node:')) packages.add(target!);
    }
  };
  visit(file);
  const modules = [...files].flatMap((name) => [...readFileSync(path.join(bin, name), 'utf8').matchAll(/^\/\/ (\S+\.m?js)$/gm)].map(([, module]) => module!));
  return { packages: [...packages], modules };
}

const chunkOf = (command: string) => readdirSync(bin).find((name) => new RegExp(`^${command}-\\w+\\.js$`).test(name))!;

describe('the bundled command line', () => {
  let folder = '';
  let files: ProblemFiles;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mpvg-bundle-'));
    files = await writeProblem(folder, { photos: 20, truths: 200, detections: 9000 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('prints what the modules print', () => {
    for (const args of [['--help'], ['--version'], ['evaluate', 'coco', '--help'], ['evaluate', 'coc']]) {
      expect(run('bin/mpvg.js', ...args)).toEqual(run('cli/main.js', ...args));
    }
  });

  it('scores masks with its worker threads as the modules do', () => {
    const args = ['evaluate', 'coco', '--gt', files.truth, '--dt', files.segm, '--iou', 'segm', '--per-class'];
    const ours = run('bin/mpvg.js', ...args);
    expect(ours.status).toBe(0);
    expect(ours.stdout).toBe(run('cli/main.js', ...args).stdout);
    expect(ours.stdout).toContain('Average Precision');
  });

  it('converts from a data.yaml, whose reader is a package', async () => {
    await mkdir(path.join(folder, 'yolo/images'), { recursive: true });
    await mkdir(path.join(folder, 'yolo/labels'));
    await sharp({ create: { width: 20, height: 10, channels: 3, background: 'grey' } }).png().toFile(path.join(folder, 'yolo/images/a.png'));
    writeFileSync(path.join(folder, 'yolo/labels/a.txt'), '0 0.5 0.5 0.5 0.5\n');
    writeFileSync(path.join(folder, 'yolo/data.yaml'), 'train: images\nnames: [cat]\n');
    const out = path.join(folder, 'coco.json');
    const { status, stderr } = run('bin/mpvg.js', 'coco', 'convert', path.join(folder, 'yolo/data.yaml'), out, '--from', 'yolo');
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('expected')]);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ annotations: [{ bbox: [5, 2.5, 10, 5] }], categories: [{ name: 'cat' }] });
  });

  it('loads a config that imports mpvg, and finds its own files', () => {
    const config = path.join(import.meta.dirname, '../../configs/quickstart/pretrain.ts');
    const { stdout, stderr } = run('bin/mpvg.js', 'params', config);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/total +2,768,261 /);
  });

  it('says in which line a config throws an error of this package', () => {
    const wrong = path.join(folder, 'wrong.ts');
    writeFileSync(wrong, "import { ConfigError } from 'mpvg';\nthrow new ConfigError('not today');");
    expect(run('bin/mpvg.js', 'params', wrong)).toEqual({ status: 2, stdout: '', stderr: `mpvg: ${wrong}:2: not today\n` });
  });

  it('loads for each command what that command needs', () => {
    const program = loadedWith(chunkOf('program'));
    expect(program.packages).toEqual([]);
    expect(program.modules.filter((module) => module.startsWith('node_modules/')).every((module) => module.startsWith('node_modules/commander/'))).toBe(true);
    const evaluate = loadedWith(chunkOf('evaluateCoco'));
    expect(evaluate.packages).toEqual([]);
    expect(evaluate.modules.filter((module) => module.startsWith('node_modules/'))).toEqual([]);
    expect(evaluate.modules).toContain('dist/evaluation/coco/cocoEval.js');
    expect(evaluate.modules).not.toContain('dist/evaluation/meanIou.js');
    expect(loadedWith(chunkOf('runTraining')).packages).toContain('@tensorflow/tfjs-core');
  });
});
