// CIFAR-10 and CIFAR-100 in their binary version. Source: Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html: a record
// is the label (CIFAR-100: coarse, then fine), then 1024 bytes each of red, green and blue, row by row.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemReason } from '../files/systemReason.ts';
import { DataError } from '../errors.ts';
import { foreignContent } from './foreignContent.ts';
import type { ClassificationDataset } from './dataset.ts';
import type { RawImage } from './decode.ts';
import type { PictureSource } from './pictureSource.ts';

const SIZE_PX = 32;
const PLANE_BYTES = SIZE_PX * SIZE_PX;
const IMAGE_BYTES = 3 * PLANE_BYTES;

/** Which of CIFAR's files. */
export interface CifarOptions {
  /** Ten classes, or a hundred (the fine labels). */
  readonly variant: 'cifar10' | 'cifar100';
  /** 50,000 or 10,000 pictures. */
  readonly split: 'train' | 'test';
}

interface Variant {
  readonly classes: number;
  /** Bytes before the pixels; the last one is the label (CIFAR-100: the fine one). */
  readonly labelBytes: number;
  readonly namesFile: string;
}

const VARIANTS: Record<CifarOptions['variant'], Variant> = {
  cifar10: { classes: 10, labelBytes: 1, namesFile: 'batches.meta.txt' },
  cifar100: { classes: 100, labelBytes: 2, namesFile: 'fine_label_names.txt' },
};

interface RecordFile {
  readonly name: string;
  readonly records: number;
}

/** All pictures of a split, in memory (150 MB for the complete training split), 32 x 32. */
export class CifarDataset implements ClassificationDataset {
  readonly size: number;
  readonly classNames: readonly string[];
  readonly #files: readonly RecordFile[];
  /** [size, 32, 32, 3], in shared memory: worker threads read it in place. */
  readonly #pixels: Uint8Array;
  readonly #labels: Uint8Array;

  private constructor(classNames: readonly string[], files: readonly RecordFile[], pixels: Uint8Array, labels: Uint8Array) {
    this.classNames = classNames;
    this.#files = files;
    this.#pixels = pixels;
    this.#labels = labels;
    this.size = labels.length;
  }

  /**
   * Reads a split from the folder that the archive unpacks to.
   * CIFAR-10: data_batch_1.bin … (as many as there are), or test_batch.bin. CIFAR-100: train.bin or test.bin, fine labels.
   * @throws DataError when a file is missing, is no whole number of records, or has a label out of range.
   */
  static async open(dir: string, { variant, split }: CifarOptions): Promise<CifarDataset> {
    const { classes, labelBytes, namesFile } = VARIANTS[variant];
    const classNames = await readNames(join(dir, namesFile), classes);
    const contents = [];
    for (const name of await fileNames(dir, variant, split)) {
      const path = join(dir, name);
      const bytes = await readOrThrow(path);
      contents.push({ name, path, bytes, records: recordCount(path, bytes, labelBytes + IMAGE_BYTES) });
    }
    const size = contents.reduce((sum, { records }) => sum + records, 0);
    const pixels = new Uint8Array(new SharedArrayBuffer(size * IMAGE_BYTES));
    const labels = new Uint8Array(size);
    let index = 0;
    for (const { path, bytes, records } of contents) {
      for (let record = 0; record < records; record++, index++) {
        const start = record * (labelBytes + IMAGE_BYTES) + labelBytes;
        const label = bytes[start - 1] ?? 0;
        if (label >= classes) {
          throw new DataError(`CifarDataset.open: expected a label below ${classes} in ${path} record ${record}, got ${label}`);
        }
        labels[index] = label;
        interleave(bytes, start, pixels, index * IMAGE_BYTES);
      }
    }
    return new CifarDataset(classNames, contents.map(({ name, records }) => ({ name, records })), pixels, labels);
  }

  label(index: number): number {
    return this.#labels[this.#checked(index)] ?? 0;
  }

  describe(index: number): string {
    let record = this.#checked(index);
    for (const { name, records } of this.#files) {
      if (record < records) return `${name} record ${record}`;
      record -= records;
    }
    return '';
  }

  source(index: number): PictureSource {
    return { kind: 'pixels', image: this.#image(index) };
  }

  async load(index: number): Promise<RawImage> {
    return this.#image(index);
  }

  #image(index: number): RawImage {
    const start = this.#checked(index) * IMAGE_BYTES;
    return { data: this.#pixels.subarray(start, start + IMAGE_BYTES), width: SIZE_PX, height: SIZE_PX };
  }

  #checked(index: number): number {
    if (!(index >= 0 && index < this.size)) {
      throw new RangeError(`CifarDataset: expected an index in [0, ${this.size}), got ${index}`);
    }
    return index;
  }
}

/** Planes to pixels. */
function interleave(from: Uint8Array, start: number, to: Uint8Array, offset: number): void {
  for (let i = 0; i < PLANE_BYTES; i++) {
    to[offset + 3 * i] = from[start + i] ?? 0;
    to[offset + 3 * i + 1] = from[start + PLANE_BYTES + i] ?? 0;
    to[offset + 3 * i + 2] = from[start + 2 * PLANE_BYTES + i] ?? 0;
  }
}

async function fileNames(dir: string, variant: CifarOptions['variant'], split: CifarOptions['split']): Promise<string[]> {
  if (variant === 'cifar100') return [`${split}.bin`];
  if (split === 'test') return ['test_batch.bin'];
  const number = (name: string): number => Number(/^data_batch_(\d+)\.bin$/.exec(name)?.[1]);
  const names = (await listOrThrow(dir)).filter((name) => Number.isInteger(number(name)));
  if (names.length === 0) throw new DataError(`CifarDataset.open: expected data_batch_1.bin … in ${dir}, got none`);
  return names.sort((a, b) => number(a) - number(b));
}

function recordCount(path: string, bytes: Uint8Array, recordBytes: number): number {
  const { length } = bytes;
  if (length > 0 && length % recordBytes === 0) return length / recordBytes;
  throw new DataError(
    `CifarDataset.open: expected a positive multiple of ${recordBytes} bytes for the size of ${path}, got ${length}: ` +
      (foreignContent(bytes) ?? 'the file is truncated or of the other CIFAR variant'),
  );
}

async function readNames(path: string, classes: number): Promise<string[]> {
  const names = (await readOrThrow(path)).toString('utf8').split(/\r?\n/).map((name) => name.trim()).filter((name) => name !== '');
  if (names.length !== classes) {
    throw new DataError(`CifarDataset.open: expected ${classes} class names in ${path}, got ${names.length}`);
  }
  return names;
}

async function readOrThrow(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function listOrThrow(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    throw unreadable(dir, error);
  }
}

function unreadable(path: string, error: unknown): DataError {
  return new DataError(`CifarDataset.open: expected a readable ${path}, got: ${systemReason(error)}`);
}
