// Training a segmentation model on photos with label images.

import type { Recipe } from '../recipe.ts';
import { segmentationSchema, type SegmentationConfig } from './schema.ts';

export const segmentation: Recipe<SegmentationConfig> = {
  task: 'segmentation',
  schema: segmentationSchema,
  async open(config) {
    const { SegmentationExperiment } = await import('./experiment.ts');
    return SegmentationExperiment.open(config);
  },
};
