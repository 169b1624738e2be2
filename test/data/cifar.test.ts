import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CifarDataset, type CifarOptions } from '../../src/data/cifar.ts';
import { DataError } from '../../src/errors.ts';

const TEN: CifarOptions = { variant: 'cifar10', split: 'train' };
const HUNDRED: CifarOptions = { variant: 'cifar100', split: 'test' };

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-cifar-'));
  await writeFile(join(dir, 'batches.meta.txt'), `${Array.from({ length: 10 }, (_, i) => `ten${i}`).join('\n')}\n\n`);
  await writeFile(join(dir, 'fine_label_names.txt'), Array.from({ length: 100 }, (_, i) => `fine${i}`).join('\r\n'));
});
afterEach(() => rm(dir, { recursive: true }));

/** A record whose planes count: pixel i has red i % 251, green 7 + i % 13, blue `mark`. */
function record(labels: number[], mark: number): Buffer {
  const plane = (value: (i: number) => number) => Array.from({ length: 1024 }, (_, i) => value(i));
  return Buffer.from([...labels, ...plane((i) => i % 251), ...plane((i) => 7 + (i % 13)), ...plane(() => mark)]);
}

const failure = async (options: CifarOptions, path = dir): Promise<string> => {
  const error = await CifarDataset.open(path, options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  return (error as DataError).message;
};

describe('CifarDataset', () => {
  it('joins the batches of CIFAR-10 by number and turns planes into pixels', async () => {
    await writeFile(join(dir, 'data_batch_10.bin'), record([9], 3));
    await writeFile(join(dir, 'data_batch_2.bin'), Buffer.concat([record([4], 1), record([0], 2)]));
    await writeFile(join(dir, 'test_batch.bin'), record([5], 77));
    const data = await CifarDataset.open(dir, TEN);
    expect(data.size).toBe(3);
    expect(data.classNames).toEqual(Array.from({ length: 10 }, (_, i) => `ten${i}`));
    expect([0, 1, 2].map((i) => data.label(i))).toEqual([4, 0, 9]);
    expect([0, 1, 2].map((i) => data.describe(i))).toEqual([
      'data_batch_2.bin record 0',
      'data_batch_2.bin record 1',
      'data_batch_10.bin record 0',
    ]);
    const image = await data.load(1);
    expect([image.width, image.height, image.data.length]).toEqual([32, 32, 3072]);
    // Pixels 300 and 301.
    expect(Array.from(image.data.subarray(900, 906))).toEqual([49, 8, 2, 50, 9, 2]);
    const test = await CifarDataset.open(dir, { ...TEN, split: 'test' });
    expect([test.size, test.label(0), test.describe(0)]).toEqual([1, 5, 'test_batch.bin record 0']);
  });

  it('takes CIFAR-100\'s fine label, the second byte', async () => {
    await writeFile(join(dir, 'test.bin'), Buffer.concat([record([3, 99], 1), record([19, 0], 2)]));
    const data = await CifarDataset.open(dir, HUNDRED);
    expect([data.label(0), data.label(1)]).toEqual([99, 0]);
    expect(data.classNames[99]).toBe('fine99');
    expect((await data.load(1)).data[2]).toBe(2);
    expect(data.describe(1)).toBe('test.bin record 1');
    expect(() => data.label(2)).toThrow('CifarDataset: expected an index in [0, 2), got 2');
  });

  it('names a file that is not a whole number of records', async () => {
    await writeFile(join(dir, 'test.bin'), record([3, 99], 1).subarray(0, 3000));
    expect(await failure(HUNDRED)).toContain(`expected a positive multiple of 3074 bytes for the size of ${join(dir, 'test.bin')}, got 3000`);
    await writeFile(join(dir, 'test.bin'), '');
    expect(await failure(HUNDRED)).toContain('got 0');
  });

  it('names a missing file, a missing folder and missing batches', async () => {
    expect(await failure(HUNDRED)).toContain(join(dir, 'test.bin'));
    expect(await failure(TEN)).toContain(`expected data_batch_1.bin … in ${dir}, got none`);
    expect(await failure(TEN, join(dir, 'missing'))).toContain(join(dir, 'missing'));
  });

  it('names the record of a label that does not exist', async () => {
    await writeFile(join(dir, 'test.bin'), Buffer.concat([record([3, 99], 1), record([3, 100], 1)]));
    expect(await failure(HUNDRED)).toContain(`expected a label below 100 in ${join(dir, 'test.bin')} record 1, got 100`);
  });

  it('names a list of class names of the wrong length', async () => {
    await writeFile(join(dir, 'test.bin'), record([3, 99], 1));
    await writeFile(join(dir, 'fine_label_names.txt'), 'apple\nbear\n');
    expect(await failure(HUNDRED)).toContain(`expected 100 class names in ${join(dir, 'fine_label_names.txt')}, got 2`);
  });
});
