// The tasks there are. This table and the type of what stands in a config file are all that a new one adds to.

import type { ClassificationConfigInput } from './classification/schema.ts';
import type { Recipe } from './recipe.ts';
import type { SegmentationConfigInput } from './segmentation/schema.ts';

/** A task before anything of it is loaded. */
export interface RecipeEntry {
  readonly task: string;
  /** What `mpvg forward` takes and gives, for its help. */
  readonly stages: string;
  load(): Promise<Recipe>;
}

export const recipes: readonly RecipeEntry[] = [
  {
    task: 'classification',
    stages: `  input.x and labels input.y (and input.teacher); output.logits, output.loss, one output per block`,
    load: async () => (await import('./classification/recipe.ts')).classification,
  },
  {
    task: 'segmentation',
    stages: `  the files decide which part of the model runs:
  whole      weights of backbone and heads; input.x, labels input.label [B, H, W]
             output.logits, output.aux_logits, output.loss_ce, output.aux_loss_ce, output.total, output.acc_seg, and the backbone's
  backbone   weights without decode_head; input.x; the loss is the sum of input.r1 … input.r4 times the four maps
             output.f1 … output.f4, output.spm_c1 …, output.injector0 …, output.interaction0_x …, output.loss
  heads      input.f0 … input.f3 in place of the backbone's maps, input.label
             output.eval_logits of the first image, output.train_logits and the losses of the batch`,
    load: async () => (await import('./segmentation/recipe.ts')).segmentation,
  },
];

/** What stands in a config file. */
export type ConfigInput = ClassificationConfigInput | SegmentationConfigInput;
