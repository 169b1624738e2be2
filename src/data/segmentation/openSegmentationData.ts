// The segmentation data that a config names.

import { join } from 'node:path';
import { classSet, type ClassOptions, type KnownClasses } from './classSet.ts';
import { SegmentationFolder } from './segmentationFolder.ts';

/** Plain data. */
export interface SegmentationDataOptions {
  /** Holds images/{training,validation} and annotations/{training,validation}. */
  readonly dir: string;
  /** A known set's name, or classes of one's own. */
  readonly classes: KnownClasses | ClassOptions;
  /** Names of the folders under images/ and annotations/. Default 'training', 'validation'. */
  readonly trainingSplit?: string;
  /** See `trainingSplit`. */
  readonly validationSplit?: string;
  /** Where the photos of a split are when they are not under `dir`. Photos there that have no map are left alone. */
  readonly trainingPhotos?: string;
  /** See `trainingPhotos`. */
  readonly validationPhotos?: string;
  /** See SegmentationFolderOptions. */
  readonly photoSuffix?: string;
  /** See SegmentationFolderOptions. */
  readonly mapSuffix?: string;
}

/**
 * Lists both splits.
 * @throws DataError when a folder is missing or holds no pair; ConfigError for classes that cannot be
 */
export async function openSegmentationData(
  options: SegmentationDataOptions,
): Promise<{ readonly training: SegmentationFolder; readonly validation: SegmentationFolder }> {
  return { training: await openSegmentationSplit(options, 'training'), validation: await openSegmentationSplit(options, 'validation') };
}

/**
 * Lists one split.
 * @throws DataError when a folder is missing or holds no pair; ConfigError for classes that cannot be
 */
export async function openSegmentationSplit(options: SegmentationDataOptions, split: 'training' | 'validation'): Promise<SegmentationFolder> {
  const { dir, photoSuffix, mapSuffix } = options;
  const name = (split === 'training' ? options.trainingSplit : options.validationSplit) ?? split;
  const photos = split === 'training' ? options.trainingPhotos : options.validationPhotos;
  return SegmentationFolder.open({
    photos: photos ?? join(dir, 'images', name),
    maps: join(dir, 'annotations', name),
    classes: classSet(options.classes),
    unlabelled: photos === undefined ? 'fault' : 'skip',
    ...(photoSuffix !== undefined && { photoSuffix }),
    ...(mapSuffix !== undefined && { mapSuffix }),
  });
}
