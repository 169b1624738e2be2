// Training a classifier on labelled pictures.

import path from 'node:path';
import type { Recipe } from '../recipe.ts';
import { classificationSchema, type ClassificationConfig } from './schema.ts';

export const classification: Recipe<ClassificationConfig> = {
  task: 'classification',
  schema: classificationSchema,
  dataPaths: (kind, dir) => (kind === 'imageFolder' ? { trainDir: path.join(dir, 'train'), valDir: path.join(dir, 'val') } : { dir }),
  async open(config) {
    const { ClassificationExperiment } = await import('./experiment.ts');
    return ClassificationExperiment.open(config);
  },
};
