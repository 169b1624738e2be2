// The image classifiers by name, from the options that a config has.

import type { Classifier } from './classifier.ts';
import { DeiT, deitSizes, type DeiTDimensions, type DeiTOptions } from './deit.ts';
import { vitLite } from './vitLite.ts';

/** Which classifier: `size` is a published one's name or the dimensions. */
export type ClassifierOptions = Omit<DeiTOptions, keyof DeiTDimensions> & (
  | {
      readonly kind: 'deit';
      /** `tiny`, `small`, `base`, or dimensions. */
      readonly size: keyof typeof deitSizes | DeiTDimensions;
    }
  | ({ readonly kind: 'vitLite' } & DeiTDimensions)
);

/**
 * Builds a classifier. It has no values yet: call `initialise` or `loadState`.
 * @throws ConfigError when the options do not fit together
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  if (options.kind === 'vitLite') return vitLite(options);
  const { size } = options;
  return new DeiT({ ...options, ...(typeof size === 'string' ? deitSizes[size] : size) });
}
