// UperNet on ViT-Adapter-B, ADE20K at 512 px: the recipe of upernet_vit_adapter_tiny.ts, from ../imagenet/deit_base.ts.
// Papers: as there; rates, heads and width of deformable attention are the ViT-Adapter repository's.
// Expected mIoU: 48.8 % with the default join (ViT-Adapter repository); MPVG has no row for it. Reproduced by us: not yet.
// Hardware: four GPUs of 24 GB, or accumulationSteps 4; adapter.recompute saves memory for time.

import { defineConfig } from 'mpvg';
import tiny from './upernet_vit_adapter_tiny.ts';

const lr = 6e-5;

export default defineConfig({
  ...tiny,
  model: { ...tiny.model, size: 'base', dropPath: 0.3, adapter: { ...tiny.model.adapter, deformHeads: 12, deformRatio: 0.5 } },
  optimizer: { ...tiny.optimizer, lr },
  schedule: { ...tiny.schedule, warmupLr: 1e-6 * lr },
  out: 'runs/ade20k-upernet-vit-adapter-base',
});
