// The worker's code in this process; maskThreads.test.ts runs it as it is built, in threads.

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { rleFromPolygon } from '../../../src/data/coco/polygonRle.ts';
import { formatRle } from '../../../src/data/coco/rleString.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { setMaskHelp, type MaskWork } from '../../../src/evaluation/coco/maskHelp.ts';

const port = vi.hoisted(() => ({ current: undefined as EventEmitter | undefined }));
vi.mock('node:worker_threads', () => ({ get parentPort() { return port.current; } }));
const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-mask-worker-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  setMaskHelp(undefined);
  vi.restoreAllMocks();
});

const photos = Array.from({ length: 70 }, (_, i) => i + 1); // three blocks
const sideOf = (photo: number) => 1 + photo % 20;
const square = (side: number) => [10, 10, 10 + side, 10, 10 + side, 10 + side, 10, 10 + side];

/** The work that an evaluation of squares hands out: objects of 20 x 20 px, detections of `sideOf` each photo in their corner. */
async function workOf(broken?: number): Promise<MaskWork> {
  const [truthFile, resultsFile] = ['truth.json', 'results.json'].map((name) => path.join(folder, name)) as [string, string];
  writeFileSync(truthFile, JSON.stringify({
    images: photos.map((id) => ({ id, width: 100, height: 100, file_name: `${id}.jpg` })), categories: [{ id: 1, name: 'thing' }],
    annotations: photos.map((id) =>
      ({ id, image_id: id, category_id: 1, iscrowd: 0, area: 400, bbox: [10, 10, 20, 20], segmentation: [square(20)] })),
  }));
  const results = photos.map((id) => {
    const counts = id === broken ? '~' : formatRle(rleFromPolygon(square(sideOf(id)), 100, 100));
    return { image_id: id, category_id: 1, score: 0.5, segmentation: { size: [100, 100], counts } };
  });
  writeFileSync(resultsFile, JSON.stringify(results)); // from files: memory that threads see
  const truth = await CocoDataset.open(truthFile);
  let work: MaskWork | undefined;
  setMaskHelp(() => ({ start: (one) => { work = one; }, end: () => undefined }));
  const evaluation = new CocoEval(truth, await truth.loadRes(resultsFile), { iouType: 'segm' });
  if (broken === undefined) evaluation.evaluate();
  else expect(() => evaluation.evaluate()).toThrow('parseRle');
  work!.cells.values.fill(0);
  work!.cells.areas!.fill(0);
  work!.state.fill(0);
  return work!;
}

async function send(work: MaskWork): Promise<void> {
  port.current = new EventEmitter();
  vi.resetModules();
  await import('../../../src/evaluation/coco/maskWorker.ts');
  port.current.emit('message', work);
}

it('takes cells until there are none left, and says so to who waits', async () => {
  const notify = vi.spyOn(Atomics, 'notify');
  const work = await workOf();
  await send(work);
  expect([...work.cells.values]).toEqual(photos.map((photo) => sideOf(photo) ** 2 / 400));
  expect([...work.cells.areas!]).toEqual(photos.map((photo) => sideOf(photo) ** 2));
  expect([...work.state]).toEqual([128, 0, 0, 3]); // next cell, at work, failed, blocks done
  expect(notify).toHaveBeenCalledWith(work.state, 1);
});

it('leaves what others have taken', async () => {
  const work = await workOf();
  work.state[0] = 32;
  await send(work);
  expect([...work.cells.values]).toEqual(photos.map((photo) => (photo <= 32 ? 0 : sideOf(photo) ** 2 / 400)));
  expect([...work.state]).toEqual([128, 0, 0, 2]);
});

it('says that it met a fault, and stops', async () => {
  const work = await workOf(40);
  await send(work);
  expect([...work.state]).toEqual([64, 0, 1, 1]);
});
