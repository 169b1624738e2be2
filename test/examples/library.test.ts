// The examples that use the library, each as its header says, on the sources.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMpvg } from '../cli/mpvgProcess.ts';

const root = path.resolve(import.meta.dirname, '../..');
const jiti = path.join(root, 'node_modules/jiti/lib/jiti-cli.mjs');
const alias = { 'mpvg/coco': path.join(root, 'src/coco.ts'), mpvg: path.join(root, 'src/index.ts') };

let folder = '';
beforeAll(() => { folder = mkdtempSync(path.join(tmpdir(), 'mpvg-examples-')); });
afterAll(() => rmSync(folder, { recursive: true }));

/** What an example prints, line by line. */
async function linesOf(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [jiti, path.join(root, 'examples', `${name}.ts`), ...args], {
    cwd: folder, env: { ...process.env, JITI_ALIAS: JSON.stringify(alias), JITI_FS_CACHE: 'false' },
  });
  return stdout.trimEnd().split('\n');
}

const lastNumber = (line: string) => Number(line.split(' ').at(-1));

describe('examples', () => {
  it('are shorter than 60 lines, but a whole task', () => {
    const lines = (name: string) => readFileSync(path.join(root, 'examples', name), 'utf8').trimEnd().split('\n').length;
    expect(readdirSync(path.join(root, 'examples')).filter((name) => lines(name) >= 60)).toEqual(['rotation.ts']);
  });

  it('dataset.ts learns shapes that it draws', async () => {
    const run = path.join(folder, 'shapes');
    const lines = await linesOf('dataset', run);
    expect(lines.map((line) => line.replace(/\d\.\d{3}/, 'N'))).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((epoch) => `epoch ${epoch}  top-1 N`), `best top-1 N, weights in ${run}/checkpoints/best`,
    ]);
    expect(lastNumber(lines.at(-2)!)).toBeGreaterThan(0.6); // chance is a third
    expect(readdirSync(path.join(run, 'checkpoints/best'))).toContain('model.safetensors');
  }, 300_000);

  it('join.ts trains another join beside MPVG, and both find places', async () => {
    const lines = await linesOf('join', path.join(folder, 'joins'));
    expect(lines.map((line) => line.replaceAll(/\d\.\d{3}/g, 'N'))).toEqual(['mpvg     top-1 N  N  N  N  N', 'own      top-1 N  N  N  N  N']);
    expect(Math.min(...lines.map(lastNumber))).toBeGreaterThan(0.9); // chance is a ninth
  }, 300_000);

  it('head.ts learns to find centres', async () => {
    const precisions = (await linesOf('head')).map(lastNumber);
    expect(precisions).toHaveLength(4);
    expect(precisions[0]).toBeLessThan(0.1);
    expect(precisions[3]).toBeGreaterThan(0.35); // 3 cells of 256
  }, 300_000);

  it('evaluation.ts has the numbers that its results have by hand', async () => {
    const lines = await linesOf('evaluation');
    // Dogs: IoU 0.9 twice, so nine of ten thresholds; the car: IoU 1. Pixels: 3 of 4, 3 of 5, 2 of 3.
    expect(lines[0]).toMatch(/IoU=0\.50:0\.95 \| area= {3}all \| maxDets=100 \] = 0\.950$/);
    expect(lines.slice(12)).toEqual(['dog: 2 objects, AP 0.900', 'car: 1 objects, AP 1.000', 'mIoU 0.6722, aAcc 0.8000, per class 0.750 0.600 0.667']);
  });

  it('predictor.ts asks a run about photos, and goes on after a file that is none', async () => {
    const run = path.join(folder, 'quickstart');
    const trained = await runMpvg('train', 'configs/quickstart/pretrain.ts', '--out', run, '--threads', '1',
      '--set', 'schedule.epochs=1', '--set', 'model.size.depth=1', '--set', 'model.size.channels=48');
    expect(trained).toMatchObject({ code: 0 });
    const [photo, broken] = [path.join(folder, 'meal.jpg'), path.join(folder, 'text.jpg')];
    copyFileSync(path.join(root, 'samples/val/meal', readdirSync(path.join(root, 'samples/val/meal'))[0]!), photo);
    writeFileSync(broken, 'no photo');
    const lines = await linesOf('predictor', run, broken, photo);
    expect(lines[0]).toMatch(/^.*meal\.jpg: (animal|meal|person|room|vehicle) \d+\.\d\d %, /);
    const { top } = JSON.parse(lines.slice(1).join('\n')) as { top: { class: string; probability: number }[] };
    expect(top.map((entry) => entry.class).sort()).toEqual(['animal', 'meal', 'person', 'room', 'vehicle']);
    expect(top.reduce((sum, entry) => sum + entry.probability, 0)).toBeCloseTo(1, 5);
  }, 300_000);
});
