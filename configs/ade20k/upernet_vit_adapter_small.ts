// UperNet on ViT-Adapter-S, ADE20K at 512 px: the recipe of upernet_vit_adapter_tiny.ts, from ../imagenet/deit_small.ts.
// Papers: as there; the rates are the ViT-Adapter repository's.
// Expected mIoU: 46.2 % with the default join (ViT-Adapter repository); MPVG has no row for it. Reproduced by us: not yet.
// Hardware: two GPUs of 24 GB, or accumulationSteps 2.

import { defineConfig } from 'mpvg';
import tiny from './upernet_vit_adapter_tiny.ts';

const lr = 6e-5;

export default defineConfig({
  ...tiny,
  model: { ...tiny.model, size: 'small', dropPath: 0.2 },
  optimizer: { ...tiny.optimizer, lr },
  schedule: { ...tiny.schedule, warmupLr: 1e-6 * lr },
  out: 'runs/ade20k-upernet-vit-adapter-small',
});
