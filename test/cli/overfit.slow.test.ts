// The whole chain learns what it is shown: eight real photos by heart, in minutes.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMpvg } from './mpvgProcess.ts';

/** Photos that hold several of the twelve classes, most of them large. */
const PHOTOS = [30, 73, 86, 285, 471, 491, 520, 529].map((id) => `${id}`.padStart(12, '0'));
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mpvg-overfit-'));
  process.env['XDG_CACHE_HOME'] = path.join(folder, 'cache');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The photos as training and as validation data. */
function linkPhotos(): string {
  const source = path.join(import.meta.dirname, '../../samples/segmentation');
  const data = path.join(folder, 'data');
  for (const split of ['training', 'validation']) {
    for (const [kind, ending] of [['images', '.jpg'], ['annotations', '.png']] as const) {
      mkdirSync(path.join(data, kind, split), { recursive: true });
      for (const photo of PHOTOS) {
        const name = `${photo}${ending}`;
        symlinkSync(path.join(source, kind, 'training', name), path.join(data, kind, split, name));
      }
    }
  }
  return data;
}

function writeConfig(data: string): string {
  const file = path.join(folder, 'config.ts');
  const camvid = path.join(import.meta.dirname, '../../configs/camvid/upernet_vit_adapter_tiny_2core.ts');
  writeFileSync(file, `
import camvid from ${JSON.stringify(camvid)};
import { defineConfig } from 'mpvg';

const lr = 2e-3;

export default defineConfig({
  ...camvid,
  model: {
    ...camvid.model, classes: 12, size: { channels: 96, depth: 4, heads: 3, mlpRatio: 2 }, pretrainPx: 256,
    adapter: { ...camvid.model.adapter, interactions: [[0, 0], [1, 1], [2, 2], [3, 3]], deformHeads: 4 },
    head: { ...camvid.model.head, channels: 64, dropout: 0 },
    auxiliary: { level: 2, channels: 32, convolutions: 1, dropout: 0, lossWeight: 0.4 },
  },
  data: { kind: 'ade20k', dir: ${JSON.stringify(data)}, classes: 'coco12' },
  // No padding, which the statistics of batch norms would contain: parts of the photos as they are, and windows of the same size.
  augmentation: {
    ...camvid.augmentation,
    train: { longPx: 640, shortPx: 288, ratio: [1, 1], cropPx: 256, maxClassShare: 1, flipProbability: 0, photometric: 'none' },
    eval: { longPx: 640, shortPx: 288, multiplePx: 32 },
  },
  evaluation: { mode: 'slide', cropPx: 256, stridePx: 128, flip: false, ratios: [1] },
  optimizer: { ...camvid.optimizer, lr, weightDecay: 0 },
  schedule: { kind: 'poly', iterations: 700, warmupIterations: 20, warmupLr: 1e-2 * lr, power: 1, minLr: 0 },
  batchSize: 4,
  evaluateEverySteps: 350,
  out: ${JSON.stringify(path.join(folder, 'run'))},
});
`);
  return file;
}

describe('mpvg finetune', () => {
  it('learns eight photos by heart: at least 90 % mIoU on them', async () => {
    const config = writeConfig(linkPhotos());
    const { code, stderr } = await runMpvg('finetune', config);
    expect([code, stderr]).toEqual([0, expect.stringContaining('8 training and 8 validation photos of 12 classes')]);
    const { last } = JSON.parse(readFileSync(path.join(folder, 'run/metrics.json'), 'utf8')) as { last: { metrics: { mIoU: number } } };
    expect(last.metrics.mIoU).toBeGreaterThan(0.9);
  });
});
