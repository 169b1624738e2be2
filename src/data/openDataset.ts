// The classification data that a config names.

import { CifarDataset } from './cifar.ts';
import type { ClassificationDataset } from './dataset.ts';
import { ImageFolder } from './imageFolder.ts';

/** Where labelled pictures are. */
export type DataOptions =
  | { readonly kind: 'imageFolder'; readonly trainDir: string; readonly valDir: string }
  | { readonly kind: 'cifar10' | 'cifar100'; readonly dir: string };

/**
 * Opens one split; CIFAR is read into memory, and its test data are its validation data.
 * @throws DataError when a folder or file is missing or damaged
 */
export async function openDataset(options: DataOptions, split: 'train' | 'val'): Promise<ClassificationDataset> {
  if (options.kind === 'imageFolder') return ImageFolder.open(split === 'train' ? options.trainDir : options.valDir);
  return CifarDataset.open(options.dir, { variant: options.kind, split: split === 'train' ? 'train' : 'test' });
}
