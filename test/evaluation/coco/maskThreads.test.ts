// Worker threads run the compiled dist/evaluation/coco/maskWorker.js: build before testing, as `npm test` does.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeProblem, type ProblemFiles } from '../../../src/cli/bench/cocoProblem.ts';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { setMaskHelp, type MaskWork } from '../../../src/evaluation/coco/maskHelp.ts';
import { startMaskThreads } from '../../../src/evaluation/coco/maskThreads.ts';

describe('threads that compare masks', () => {
  let folder = '';
  let files: ProblemFiles;
  let truth: CocoDataset;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mpvg-mask-threads-'));
    files = await writeProblem(folder, { photos: 60, truths: 500, detections: 500 });
    truth = await CocoDataset.open(files.truth);
  });
  afterAll(() => {
    setMaskHelp(undefined);
    rmSync(folder, { recursive: true });
  });

  const evaluate = async (results = files.segm) => new CocoEval(truth, await truth.loadRes(results), { iouType: 'segm' }).evaluate();

  it('do all the work when they are let', async () => {
    setMaskHelp(undefined);
    const { ious } = (await evaluate()).evaluation;
    let work: MaskWork | undefined;
    setMaskHelp(() => ({ start: (one) => { work = one; }, end: () => undefined }));
    await evaluate();
    const { cells, state } = work!;
    cells.values.fill(0);
    cells.areas!.fill(0);
    state.fill(0);
    const threads = startMaskThreads(2);
    threads.start(work!);
    const isDone = () => Atomics.load(state, 0) >= cells.count && Atomics.load(state, 1) === 0;
    await expect.poll(isDone, { timeout: 20_000 }).toBe(true);
    threads.end();
    expect(Atomics.load(state, 2)).toBe(0);
    expect(cells.values).toEqual(ious.values);
    expect(cells.areas).toEqual(ious.detectionAreas);
    expect(ious.values.some((value) => value > 0.5)).toBe(true);
  });

  it('change no number, however many they are', async () => {
    setMaskHelp(undefined);
    const { ious } = (await evaluate()).evaluation;
    for (const count of [1, 3]) {
      setMaskHelp(() => startMaskThreads(count));
      expect((await evaluate()).evaluation.ious).toEqual(ious);
    }
  });

  it('leave it to the first fault to be told, whoever meets one', async () => {
    const results = JSON.parse(readFileSync(files.segm, 'utf8')) as CocoAnnotation[];
    for (const row of [3, 250, 499]) {
      const segmentation = { size: [480, 640] as [number, number], counts: '~' };
      const broken = results.map((result, i) => (i === row || i === 400 ? { ...result, segmentation } : result));
      const file = path.join(folder, 'broken.json');
      writeFileSync(file, JSON.stringify(broken));
      const messages = [];
      for (const count of [0, 2]) {
        setMaskHelp(count === 0 ? undefined : () => startMaskThreads(count));
        messages.push(await evaluate(file).then(() => 'no fault', (error: unknown) => (error as Error).message));
      }
      expect(messages[0]).toMatch(/parseRle: .*segmentation of detection \d+ of /);
      expect(messages[1]).toBe(messages[0]);
    }
  });

  it('are not missed when they never come to work, or fail', async () => {
    setMaskHelp(undefined);
    const { ious } = (await evaluate()).evaluation;
    setMaskHelp(() => ({ start: () => undefined, end: () => undefined }));
    expect((await evaluate()).evaluation.ious).toEqual(ious);
    const start = ({ cells, state }: MaskWork) => {
      Atomics.store(state, 2, 1);
      cells.values.fill(0.5);
    };
    setMaskHelp(() => ({ start, end: () => undefined }));
    expect((await evaluate()).evaluation.ious).toEqual(ious);
  });

  it('are hired for masks alone, and for many', async () => {
    const asked: number[] = [];
    setMaskHelp((masks) => { asked.push(masks); return undefined; });
    await evaluate();
    new CocoEval(truth, await truth.loadRes(files.bbox), { iouType: 'bbox' }).evaluate();
    expect(asked).toEqual([1000, 0]);
  });
});
