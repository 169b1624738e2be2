// A few photos of coloured rectangles with their label images, and a config that trains on them in seconds.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Rng } from '../../src/random/rng.ts';

const side = 96;
const colours = [[200, 40, 40], [40, 200, 40], [40, 40, 200]] as const;

/** A background and a rectangle of another class. */
function labels(rng: Rng): Uint8Array {
  const [background, other] = [rng.integer(3), rng.integer(3)];
  const [left, top, width, height] = [rng.integer(40), rng.integer(40), 30 + rng.integer(26), 30 + rng.integer(26)];
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return x >= left && x < left + width && y >= top && y < top + height ? other : background;
  });
}

async function writePair(folder: string, split: string, name: string, rng: Rng): Promise<void> {
  const map = labels(rng);
  const colourAt = (i: number) => colours[map[Math.floor(i / 3)]!]![i % 3]!;
  const photo = Uint8Array.from({ length: side * side * 3 }, (_, i) => colourAt(i) + rng.integer(30));
  const raw = { width: side, height: side };
  await sharp(photo, { raw: { ...raw, channels: 3 } }).png().toFile(join(folder, 'images', split, `${name}.png`));
  const labelImage = sharp(map, { raw: { ...raw, channels: 1 } }).toColourspace('b-w').png();
  await labelImage.toFile(join(folder, 'annotations', split, `${name}.png`));
}

/** Writes `data/` and `config.ts` into a folder. @returns the config's path */
export async function writeTinySegmentation(folder: string): Promise<string> {
  const data = join(folder, 'data');
  const rng = new Rng(1);
  for (const [split, count] of [['training', 6], ['validation', 3]] as const) {
    for (const kind of ['images', 'annotations']) mkdirSync(join(data, kind, split), { recursive: true });
    for (let i = 0; i < count; i++) await writePair(data, split, `photo${i}`, rng);
  }
  const config = join(folder, 'config.ts');
  writeFileSync(config, `
import { defineConfig, IMAGENET_MEAN, IMAGENET_STD } from 'mpvg';

export default defineConfig({
  task: 'segmentation',
  model: {
    kind: 'upernetViTAdapter', classes: 3, size: { channels: 32, depth: 4, heads: 2, mlpRatio: 2 }, pretrainPx: 64, join: 'mpvg', dropPath: 0.1,
    adapter: {
      variant: 'segmentation', interactions: [[0, 0], [1, 1], [2, 2], [3, 3]], windows: 'global', priorWidth: 8, deformHeads: 2,
      deformPoints: 2, deformRatio: 1, ffnRatio: 0.25, extraExtractors: 1, layerScale: true, recompute: false,
    },
    head: { channels: 16, poolScales: [1, 2], dropout: 0.1, lossWeight: 1 },
    auxiliary: { level: 2, channels: 8, convolutions: 1, dropout: 0.1, lossWeight: 0.4 },
    hardPixels: 'none',
  },
  data: { kind: 'ade20k', dir: ${JSON.stringify(data)}, classes: { names: ['red', 'green', 'blue'] } },
  augmentation: {
    train: {
      longPx: 128, shortPx: 96, ratio: [0.8, 1.2], cropPx: 64, maxClassShare: 0.9, flipProbability: 0.5,
      photometric: { brightness: 10, contrast: [0.9, 1.1], saturation: [0.9, 1.1], hue: 2 },
    },
    eval: { longPx: 128, shortPx: 96, multiplePx: 32 },
    mean: IMAGENET_MEAN,
    std: IMAGENET_STD,
  },
  optimizer: { kind: 'adamw', lr: 3e-3, weightDecay: 0.01, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectors', layerDecay: 0.95 },
  schedule: { kind: 'poly', iterations: 24, warmupIterations: 2, warmupLr: 1e-5, power: 1, minLr: 0 },
  batchSize: 2,
  accumulationSteps: 1,
  clipGradNorm: 1,
  ema: 'none',
  precision: 'fp32',
  seed: 0,
  evaluation: { mode: 'slide', cropPx: 64, stridePx: 32, flip: true, ratios: [1] },
  evaluateEverySteps: 10,
  out: ${JSON.stringify(join(folder, 'run'))},
});
`);
  return config;
}
