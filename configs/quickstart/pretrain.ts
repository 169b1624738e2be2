// A first run, on the photos in samples/: a small MPVG ViT. It shows that everything works and what a run looks like; 68
// photos teach nobody to see, so the accuracy means little.
// Hardware: two CPU cores, a few minutes. No paper, no expected metric.

import path from 'node:path';
import { defineConfig, IMAGENET_MEAN, IMAGENET_STD } from 'mpvg';

const samples = path.resolve(import.meta.dirname, '../../samples');

export default defineConfig({
  task: 'classification',
  model: {
    kind: 'deit', size: { channels: 192, depth: 6, heads: 3, mlpRatio: 4 },
    imagePx: 96, patchPx: 12, classes: 5, join: 'mpvg', dropPath: 0,
  },
  data: { kind: 'imageFolder', trainDir: path.join(samples, 'train'), valDir: path.join(samples, 'val') },
  augmentation: {
    train: [
      { kind: 'randomResizedCrop', sizePx: 96, scale: [0.4, 1], ratio: [3 / 4, 4 / 3], interpolation: 'bicubic' },
      { kind: 'horizontalFlip', probability: 0.5 },
    ],
    eval: [{ kind: 'resizeAndCentreCrop', sizePx: 96, cropRatio: 0.875, interpolation: 'bicubic' }],
    mean: IMAGENET_MEAN,
    std: IMAGENET_STD,
  },
  optimizer: { kind: 'adamw', lr: 5e-4, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
  schedule: { kind: 'cosine', epochs: 40, warmupEpochs: 4, warmupLr: 1e-6, minLr: 1e-5, cooldownEpochs: 0, by: 'update' },
  batchSize: 16,
  accumulationSteps: 1,
  clipGradNorm: 1,
  labelSmoothing: 0.1,
  ema: 'none',
  precision: 'fp32',
  seed: 0,
  evaluateEveryEpochs: 1,
  out: 'runs/quickstart',
});
