import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDataset } from '../../src/data/openDataset.ts';

let dir = '';
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'mpvg-open-')); });
afterEach(() => rm(dir, { recursive: true }));

it('opens the folder of either split', async () => {
  for (const name of ['train/cat/1.png', 'train/cat/2.png', 'val/cat/1.png']) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), 'x');
  }
  const options = { kind: 'imageFolder', trainDir: join(dir, 'train'), valDir: join(dir, 'val') } as const;
  expect((await openDataset(options, 'train')).size).toBe(2);
  expect((await openDataset(options, 'val')).size).toBe(1);
});

it('opens either split of CIFAR, whose test data are for validation', async () => {
  const rows = (count: number) => Buffer.alloc(count * (2 + 3072));
  await writeFile(join(dir, 'train.bin'), rows(3));
  await writeFile(join(dir, 'test.bin'), rows(1));
  await writeFile(join(dir, 'fine_label_names.txt'), Array.from({ length: 100 }, (_, i) => `class${i}\n`).join(''));
  const options = { kind: 'cifar100', dir } as const;
  expect((await openDataset(options, 'train')).size).toBe(3);
  expect((await openDataset(options, 'val')).size).toBe(1);
});
