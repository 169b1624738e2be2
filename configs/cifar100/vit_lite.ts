// ViT-Lite-7/4 on CIFAR-100 from scratch, 300 epochs and 10 at the least rate. `--join` picks the row of the papers' table.
// Papers: MPVG (tables 2 and 7); Hassani et al., "Escaping the Big Data Paradigm with Compact Transformers", 2021, and its
// repository's settings for CIFAR-100.
// Expected top-1: default 74.90, lape 75.52, pvg 76.67, mpvg 76.87 % (MPVG, table 2). Reproduced by us: not yet.
// Hardware: one GPU of any size.
// Not part of this engine yet, and of the recipe: RandAugment (rand-m9-mstd0.5-inc1), Mixup 0.8, CutMix 1.0, random erasing,
// bilinear or bicubic at random in the crop. Without them expect less than the table.

import { CIFAR100_MEAN, CIFAR100_STD, defineConfig } from 'mpvg';

export default defineConfig({
  task: 'classification',
  model: {
    kind: 'vitLite', channels: 256, depth: 7, heads: 4, mlpRatio: 2, imagePx: 32, patchPx: 4, classes: 100, join: 'mpvg', dropPath: 0.1,
  },
  data: { kind: 'cifar100', dir: 'data/cifar-100-binary' },
  augmentation: {
    train: [
      { kind: 'randomResizedCrop', sizePx: 32, scale: [0.8, 1], ratio: [3 / 4, 4 / 3], interpolation: 'bicubic' },
      { kind: 'horizontalFlip', probability: 0.5 },
    ],
    eval: [{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 1, interpolation: 'bicubic' }],
    mean: CIFAR100_MEAN,
    std: CIFAR100_STD,
  },
  optimizer: { kind: 'adamw', lr: 6e-4, weightDecay: 0.06, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
  schedule: { kind: 'cosine', epochs: 300, warmupEpochs: 10, warmupLr: 1e-6, minLr: 1e-5, cooldownEpochs: 10, by: 'epoch' },
  batchSize: 128,
  accumulationSteps: 1,
  clipGradNorm: 'none',
  labelSmoothing: 0.1,
  ema: 'none',
  precision: 'fp32',
  seed: 0,
  evaluateEveryEpochs: 1,
  out: 'runs/cifar100-vit-lite',
});
