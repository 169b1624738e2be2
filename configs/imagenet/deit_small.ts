// DeiT-S on ImageNet-1K: the recipe of deit_tiny.ts, and what it says there about parts that are still missing.
// Papers: MPVG (tables 1 and 7); Touvron et al., "Training data-efficient image transformers", ICML 2021 (table 9).
// Expected top-1: default 79.81, lape 80.39, pvg 80.38, mpvg 80.61 % (MPVG, table 1). Reproduced by us: not yet.
// Hardware: the recipe's batch of 1024 wants about 8 GPUs of 24 GB; with fewer, raise accumulationSteps.

import { defineConfig } from 'mpvg';
import tiny from './deit_tiny.ts';

export default defineConfig({
  ...tiny,
  model: { ...tiny.model, kind: 'deit', size: 'small' },
  out: 'runs/imagenet-deit-small',
});
