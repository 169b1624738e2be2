// ViT-Lite-7/4 on CIFAR-10 from scratch: the recipe of ../cifar100/vit_lite.ts with CIFAR-10's own learning rates.
// Papers: Yu et al., "LaPE", ICCV 2023; Hassani et al., "Escaping the Big Data Paradigm with Compact Transformers", 2021.
// Expected: lape 0.94 points of top-1 above default (LaPE, abstract). Reproduced by us: not yet.
// Hardware: one GPU of any size.

import { CIFAR10_MEAN, CIFAR10_STD, defineConfig } from 'mpvg';
import cifar100 from '../cifar100/vit_lite.ts';

export default defineConfig({
  ...cifar100,
  model: { ...cifar100.model, classes: 10 },
  data: { kind: 'cifar10', dir: 'data/cifar-10-batches-bin' },
  augmentation: { ...cifar100.augmentation, mean: CIFAR10_MEAN, std: CIFAR10_STD },
  optimizer: { ...cifar100.optimizer, lr: 5.5e-4 },
  schedule: { ...cifar100.schedule, warmupLr: 1e-5 },
  out: 'runs/cifar10-vit-lite',
});
