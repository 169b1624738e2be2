// The datasets that a config names.

import { CifarDataset } from './cifar.ts';
import type { ClassificationDataset } from './dataset.ts';
import { ImageFolder } from './imageFolder.ts';

/** Where labelled pictures are. */
export type DataOptions =
  | { readonly kind: 'imageFolder'; readonly trainDir: string; readonly valDir: string }
  | { readonly kind: 'cifar10' | 'cifar100'; readonly dir: string };

/**
 * Opens the training and the validation data; CIFAR is read into memory.
 * @throws DataError when a folder or file is missing or damaged
 */
export async function openDatasets(
  options: DataOptions,
): Promise<{ readonly training: ClassificationDataset; readonly validation: ClassificationDataset }> {
  if (options.kind === 'imageFolder') {
    return { training: await ImageFolder.open(options.trainDir), validation: await ImageFolder.open(options.valDir) };
  }
  const { kind: variant, dir } = options;
  return {
    training: await CifarDataset.open(dir, { variant, split: 'train' }),
    validation: await CifarDataset.open(dir, { variant, split: 'test' }),
  };
}
