// What a classification dataset is to the loader: labels in memory, pixels on demand.

import type { RawImage } from './decode.ts';
import type { PictureSource } from './pictureSource.ts';

/** Pictures with one class label each, addressed by index. */
export interface ClassificationDataset {
  /** Number of samples. */
  readonly size: number;
  /** Name of each class; a label is an index into it. */
  readonly classNames: readonly string[];
  /** The class of a sample, in [0, classNames.length). */
  label(index: number): number;
  /** The sample as a message to a user names it: a path, or 'train.bin record 17'. */
  describe(index: number): string;
  /**
   * The decoded sample.
   * @throws DataError naming the file when it cannot be decoded.
   */
  load(index: number): Promise<RawImage>;
  /**
   * Where the pixels come from, as plain data, so that a loader's worker thread can load the sample without the dataset.
   * A dataset that cannot say leaves it out and is loaded on the calling thread.
   */
  source?(index: number): PictureSource;
}
