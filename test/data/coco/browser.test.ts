// The bundle that a page gets from `mpvg/coco`, in a real Chromium.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type BuildResult, type Metafile } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Coco from '../../../src/coco.ts';
import { referenceFolder } from '../../reference.ts';

const root = path.join(import.meta.dirname, '../../..');
const executable = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((file) => file !== undefined && existsSync(file));

/** `mpvg/coco` for a page, as a global `coco`. */
function bundle(): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    entryPoints: [path.join(root, 'src/coco.ts')], bundle: true, format: 'iife', globalName: 'coco', platform: 'browser', target: 'es2022',
    metafile: true, write: false, logLevel: 'silent',
  });
}

describe('the bundle of mpvg/coco', () => {
  let metafile: Metafile;
  let warnings: readonly unknown[];
  beforeAll(async () => { ({ metafile, warnings } = await bundle()); });

  it('is made for browsers without a warning', () => expect(warnings).toEqual([]));

  it('holds nothing but data, evaluation and what errors are called', () => {
    const folders = new Set(Object.keys(metafile.inputs).map((file) => file.replace(/\/[^/]*$/, '')));
    expect([...folders].sort()).toEqual(['src', 'src/data', 'src/data/coco', 'src/evaluation', 'src/evaluation/coco', 'src/files']);
  });

  it('imports nothing at run time', () => {
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
  });
});

describe.skipIf(executable === undefined)('mpvg/coco in Chromium (needs Chromium: apt-get install chromium, or CHROMIUM)', () => {
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executable!, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error') failures.push(message.text()); });
    await page.goto('about:blank');
    const { outputFiles } = await bundle();
    await page.addScriptTag({ content: outputFiles[0]!.text });
  }, 120_000);
  afterAll(() => browser.close());

  it.each(['bbox', 'segm'] as const)('evaluates the fake %s results as pycocotools does', async (iouType) => {
    const folder = path.join(referenceFolder, 'coco');
    const [truth, results, official] = await Promise.all([
      readFile(path.join(folder, 'instances_val2014_100.json'), 'latin1'),
      readFile(path.join(folder, `instances_val2014_fake${iouType}100_results.json`), 'latin1'),
      readFile(path.join(folder, 'val2014_fake_eval_res.txt'), 'utf8'),
    ]);
    const lines = await page.evaluate(async (given) => {
      const { CocoDataset, CocoEval } = (globalThis as typeof globalThis & { coco: typeof Coco }).coco;
      const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
      const gt = CocoDataset.fromBytes(bytes(given.truth));
      const dt = await gt.loadRes(bytes(given.results));
      return new CocoEval(gt, dt, { iouType: given.iouType }).summarize().lines;
    }, { truth, results, iouType });
    const expected = official.split(`type=${iouType}`)[1]!.split('---')[0]!.split('\n').filter((line) => line.startsWith(' Average'));
    // The stored output is of an older pycocotools, which aligned its columns in another way.
    const words = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();
    expect(lines.map(words)).toEqual(expected.map(words));
    expect(failures).toEqual([]);
  }, 120_000);

  it('analyses detections and counts label maps', async () => {
    const counts = await page.evaluate(async () => {
      const { CocoDataset, CocoEval, MeanIou, areaTable, classTable, confusionMatrix, recallCurves, scoreCurves, tide } =
        (globalThis as typeof globalThis & { coco: typeof Coco }).coco;
      const truth = CocoDataset.fromObject({
        images: [{ id: 1, width: 50, height: 50, file_name: '1.jpg' }], categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
        annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 }],
      });
      const detections = await truth.loadRes([{ image_id: 1, category_id: 2, bbox: [0, 0, 10, 10], score: 0.5 }]);
      const evaluation = new CocoEval(truth, detections, { iouType: 'bbox' });
      const counter = new MeanIou({ classes: 2 });
      counter.add(Uint8Array.of(0, 1, 1, 1), Uint8Array.of(0, 1, 0, 255));
      return {
        classes: classTable(evaluation).length,
        areas: areaTable(evaluation).length,
        mistaken: confusionMatrix(evaluation).counts[1],
        curves: [recallCurves(evaluation).length, scoreCurves(evaluation).length],
        tide: tide(evaluation).errors.classification.count,
        mIoU: counter.result().mIoU,
      };
    });
    expect(counts).toEqual({ classes: 2, areas: 4, mistaken: 1, curves: [1, 1], tide: 1, mIoU: 0.5 });
    expect(failures).toEqual([]);
  });

  it('says what to do with a path', async () => {
    const message = await page.evaluate(() => (globalThis as typeof globalThis & { coco: typeof Coco }).coco.CocoDataset.open('a.json')
      .then(() => 'opened', (error: unknown) => (error as Error).message));
    expect(message).toBe('CocoDataset.open: expected Node.js to read a path; elsewhere give the bytes to CocoDataset.fromBytes');
  });
});
