// What follows on pretrain.ts: its transformer, plugged into a ViT-Adapter and fine-tuned for segmentation on the photos in
// samples/ that have maps. It shows that everything works and what a run looks like; 23 photos teach little, even with COCO's
// classes in 12 groups.
// Hardware: two CPU cores, a few minutes. No paper, no expected metric.

import path from 'node:path';
import { defineConfig } from 'mpvg';
import camvid from '../camvid/upernet_vit_adapter_tiny_2core.ts';

const samples = path.resolve(import.meta.dirname, '../../samples/segmentation');
const lr = 5e-4;

export default defineConfig({
  ...camvid,
  // pretrain.ts has 8 x 8 patches of 12 px; they become 8 x 8 of 16 px.
  model: { ...camvid.model, classes: 12, head: { ...camvid.model.head, channels: 64 } },
  data: { kind: 'ade20k', dir: samples, classes: 'coco12' },
  augmentation: {
    ...camvid.augmentation,
    train: { ...camvid.augmentation.train, longPx: 256, shortPx: 256, ratio: [0.75, 1.5], cropPx: 192 },
    eval: { longPx: 256, shortPx: 256, multiplePx: 32 },
  },
  optimizer: { ...camvid.optimizer, lr, layerDecay: 0.95 },
  schedule: { kind: 'poly', iterations: 150, warmupIterations: 15, warmupLr: 1e-2 * lr, power: 1, minLr: 0 },
  batchSize: 4,
  evaluateEverySteps: 50,
  out: 'runs/quickstart-segmentation',
});
