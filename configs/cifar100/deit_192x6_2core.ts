// The small transformer of ../quickstart/pretrain.ts, pretrained on a fifth of CIFAR-100 (10,000 training, 2,000 test images)
// enlarged to 128 px: something for ../camvid/upernet_vit_adapter_tiny_2core.ts to start from (`--pretrained`) that two CPU cores
// can make. Enlarged photos of 32 px have no detail; a checkpoint of ../imagenet is what one wants.
// No paper, no expected metric; what came out is in docs/results.md.
// Hardware: two CPU cores, under 10 minutes.

import { defineConfig } from 'mpvg';
import vitLite from './vit_lite_2core.ts';

export default defineConfig({
  ...vitLite,
  model: {
    kind: 'deit', size: { channels: 192, depth: 6, heads: 3, mlpRatio: 4 },
    imagePx: 128, patchPx: 16, classes: 100, join: 'mpvg', dropPath: 0,
  },
  augmentation: {
    ...vitLite.augmentation,
    train: [
      { kind: 'randomResizedCrop', sizePx: 128, scale: [0.5, 1], ratio: [3 / 4, 4 / 3], interpolation: 'bicubic' },
      { kind: 'horizontalFlip', probability: 0.5 },
    ],
    eval: [{ kind: 'resizeAndCentreCrop', sizePx: 128, cropRatio: 1, interpolation: 'bicubic' }],
  },
  schedule: { ...vitLite.schedule, epochs: 4 },
  out: 'runs/cifar100-deit-192x6-2core',
});
