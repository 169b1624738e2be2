// A small UperNet on a small ViT-Adapter, CamVid, from random weights: sized so that two CPU cores finish within an hour. The
// transformer is that of ../quickstart/pretrain.ts, so that a checkpoint of the same shape can be plugged in (`--pretrained`).
// Expected mIoU: at least 35 % on the validation split; what came out is in docs/results.md. Reproduced by us: yes, 43 %.
// Hardware: two CPU cores, three quarters of an hour.

import { defineConfig } from 'mpvg';
import camvid from './upernet_vit_adapter_tiny.ts';

const lr = 5e-4;

export default defineConfig({
  ...camvid,
  model: {
    ...camvid.model,
    size: { channels: 192, depth: 6, heads: 3, mlpRatio: 4 },
    pretrainPx: 128,
    dropPath: 0,
    adapter: { ...camvid.model.adapter, interactions: [[0, 0], [1, 2], [3, 3], [4, 5]], priorWidth: 32, extraExtractors: 0 },
    head: { ...camvid.model.head, channels: 96 },
    auxiliary: { level: 2, channels: 64, convolutions: 1, dropout: 0.1, lossWeight: 0.4 },
  },
  augmentation: { ...camvid.augmentation, train: { ...camvid.augmentation.train, ratio: [0.75, 1.5], cropPx: 256 } },
  // No pretrained layers to be kept: all learn at one rate.
  optimizer: { ...camvid.optimizer, lr, weightDecay: 0.05, layerDecay: 1 },
  schedule: { kind: 'poly', iterations: 1400, warmupIterations: 100, warmupLr: 1e-2 * lr, power: 1, minLr: 0 },
  clipGradNorm: 1,
  precision: 'fp32',
  evaluateEverySteps: 280,
  checkpointEverySteps: 100,
  out: 'runs/camvid-upernet-vit-adapter-tiny-2core',
});
