// UperNet on ViT-Adapter-Ti, CamVid (480 x 360 px, 11 classes; images/ and annotations/ as in ADE20K), from a checkpoint of
// ../imagenet/deit_tiny.ts. The recipe is that of ../ade20k/upernet_vit_adapter_tiny.ts at CamVid's size.
// Papers: as there, and Brostow et al., "Semantic Object Classes in Video", 2009. No paper has this row; no expected metric.
// Hardware: one GPU of 12 GB.

import { defineConfig } from 'mpvg';
import ade20k from '../ade20k/upernet_vit_adapter_tiny.ts';

const frame = { longPx: 480, shortPx: 360 };

export default defineConfig({
  ...ade20k,
  model: { ...ade20k.model, classes: 11 },
  data: { kind: 'ade20k', dir: 'data/camvid', classes: 'camvid' },
  augmentation: {
    ...ade20k.augmentation,
    train: { ...ade20k.augmentation.train, ...frame, cropPx: 352 },
    eval: { ...frame, multiplePx: 32 },
  },
  schedule: { ...ade20k.schedule, iterations: 20_000, warmupIterations: 500 },
  evaluation: { mode: 'whole', flip: false, ratios: [1] },
  evaluateEverySteps: 1000,
  out: 'runs/camvid-upernet-vit-adapter-tiny',
});
