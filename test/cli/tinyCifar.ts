// A CIFAR-10 of a few random pictures, and a config that trains on it in seconds: for tests that run the command itself.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rng } from '../../src/random/rng.ts';

const recordBytes = 1 + 3 * 32 * 32;

function records(count: number, seed: number): Uint8Array {
  const rng = new Rng(seed);
  return Uint8Array.from({ length: count * recordBytes }, (_, i) => {
    return i % recordBytes === 0 ? Math.floor(i / recordBytes) % 10 : rng.integer(256);
  });
}

/** Writes `data/` and `config.ts` into a folder. @returns the config's path */
export function writeTinyCifar(folder: string): string {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'data_batch_1.bin'), records(48, 1));
  writeFileSync(join(data, 'test_batch.bin'), records(20, 2));
  writeFileSync(join(data, 'batches.meta.txt'), Array.from({ length: 10 }, (_, i) => `class${i}\n`).join(''));
  const config = join(folder, 'config.ts');
  writeFileSync(config, `
import { CIFAR10_MEAN, CIFAR10_STD, defineConfig } from 'mpvg';

export default defineConfig({
  task: 'classification',
  model: { kind: 'vitLite', channels: 32, depth: 2, heads: 2, mlpRatio: 2, imagePx: 32, patchPx: 8, classes: 10, join: 'mpvg', dropPath: 0.2 },
  data: { kind: 'cifar10', dir: ${JSON.stringify(data)} },
  augmentation: {
    train: [{ kind: 'padAndCrop', sizePx: 32, paddingPx: 4 }, { kind: 'horizontalFlip', probability: 0.5 }],
    eval: [{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 1, interpolation: 'bilinear' }],
    mean: CIFAR10_MEAN,
    std: CIFAR10_STD,
  },
  optimizer: { kind: 'adamw', lr: 1e-3, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
  schedule: { kind: 'cosine', epochs: 10, warmupEpochs: 1, warmupLr: 1e-6, minLr: 1e-5, cooldownEpochs: 0, by: 'update' },
  batchSize: 8,
  accumulationSteps: 2,
  clipGradNorm: 1,
  labelSmoothing: 0.1,
  ema: { decay: 0.9 },
  precision: 'fp32',
  seed: 0,
  evaluateEveryEpochs: 2,
  out: ${JSON.stringify(join(folder, 'run'))},
});
`);
  return config;
}
