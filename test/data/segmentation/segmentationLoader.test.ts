// Worker threads run the compiled dist/data/loaderWorker.js: build before testing, as `npm test` does.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ade20kAugmentation, augment, type SegmentationAugmentation } from '../../../src/data/segmentation/augmentation.ts';
import { loadLabelledPhoto } from '../../../src/data/segmentation/labelledPhoto.ts';
import { LabelReader } from '../../../src/data/segmentation/labelRules.ts';
import { openSegmentationSplit } from '../../../src/data/segmentation/openSegmentationData.ts';
import type { SegmentationFolder } from '../../../src/data/segmentation/segmentationFolder.ts';
import { SegmentationLoader, type SegmentationBatch, type SegmentationLoaderOptions } from '../../../src/data/segmentation/segmentationLoader.ts';
import { TestPhotoLoader, type TestPhoto } from '../../../src/data/segmentation/testPhotoLoader.ts';
import { testPhotos } from '../../../src/data/segmentation/testPhotos.ts';
import { ConfigError, DataError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random/rng.ts';
import { labelPng, writePair } from './writePairs.ts';

const sizes = { frame: { longPx: 160, shortPx: 40 }, crop: { width: 32, height: 24 } };
const augmentation: SegmentationAugmentation = { ...ade20kAugmentation, ...sizes };
const options: SegmentationLoaderOptions = { augmentation, batchSize: 3, seed: 5, shuffle: true, dropLast: true, workers: 0 };
const classes = { names: ['a', 'b', 'c'], reduceZeroLabel: true };
const SIZE = 7;
let dir = '';
let folder: SegmentationFolder;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-segmentation-'));
  for (let i = 0; i < SIZE; i++) {
    const label = (x: number, y: number) => Math.floor((x + i) / 12 + y / 20) % 4;
    await writePair(dir, 'training', `${i}`, { width: 40 + i, height: 48 - 3 * i, label, ...(i === 2 && { depth: 16 }), ...(i === 3 && { kind: 'palette' }) });
  }
  folder = await openSegmentationSplit({ dir, classes }, 'training');
});
afterAll(() => rm(dir, { recursive: true }));

async function take<T>(items: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) if (taken.push(item) >= count) break;
  return taken;
}

type Changes = Partial<SegmentationLoaderOptions>;

async function iterations(count: number, start = 0, changes: Changes = {}): Promise<SegmentationBatch[]> {
  const loader = new SegmentationLoader(folder, { ...options, ...changes });
  try {
    return await take(loader.iterations(start), count);
  } finally {
    await loader.close();
  }
}

describe('SegmentationLoader', () => {
  it('gives photos and maps, each made with the stream of (seed, epoch, index)', async () => {
    const reader = new LabelReader(folder.classes);
    for (const [i, { images, maps, indices, size, crop }] of (await iterations(4)).entries()) {
      expect([images.length, maps.length, size, crop]).toEqual([3 * 24 * 32 * 3, 3 * 24 * 32, 3, augmentation.crop]);
      for (const [position, index] of indices.entries()) {
        const image = new Uint8Array(24 * 32 * 3);
        const labels = new Uint8Array(24 * 32);
        const sample = await loadLabelledPhoto({ photo: folder.describe(index), map: folder.mapPath(index) }, reader);
        augment(sample, augmentation, new Rng(5, Math.floor(i / 2), index), image, labels);
        expect(images.subarray(position * image.length, (position + 1) * image.length)).toEqual(image);
        expect(maps.subarray(position * labels.length, (position + 1) * labels.length)).toEqual(labels);
      }
    }
  });

  it('goes on from epoch to epoch without end, as the epochs one by one', async () => {
    const loader = new SegmentationLoader(folder, options);
    expect(loader.batchesPerEpoch).toBe(2);
    const epochs = [...(await take(loader.epoch(0))), ...(await take(loader.epoch(1))), ...(await take(loader.epoch(2)))];
    expect(epochs.length).toBe(6);
    expect(await iterations(6)).toEqual(epochs);
    expect(epochs[2]?.indices).not.toEqual(epochs[0]?.indices);
    await loader.close();
  });

  it('continues exactly at any iteration, with and without workers', async () => {
    const whole = await iterations(9);
    expect(await iterations(4, 5)).toEqual(whole.slice(5));
    expect(await iterations(9, 0, { workers: 2 })).toEqual(whole);
    expect(await iterations(2, 7, { workers: 1, prefetchBatches: 5 })).toEqual(whole.slice(7));
  });

  it('changes with the seed', async () => {
    const [[one], [other]] = await Promise.all([iterations(1), iterations(1, 0, { seed: 6 })]);
    expect(one?.images).not.toEqual(other?.images);
  });

  it('names a map that holds a value which is no class', async () => {
    await writePair(dir, 'faulty', 'x', { width: 40, height: 40, label: (x) => (x === 7 ? 9 : 1) });
    const faulty = await openSegmentationSplit({ dir, classes, validationSplit: 'faulty' }, 'validation');
    for (const workers of [0, 1]) {
      const loader = new SegmentationLoader(faulty, { ...options, batchSize: 1, workers });
      const failure: unknown = await take(loader.iterations(), 1).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DataError);
      expect((failure as DataError).message).toBe(`LabelReader: expected classes 1 to 3, or 0, 255 for none in ${faulty.mapPath(0)}, got 9`);
      await loader.close();
    }
  });

  it('names a map of another size than its photo', async () => {
    await writePair(dir, 'small', 'x', { width: 40, height: 40, label: () => 1 });
    const small = await openSegmentationSplit({ dir, classes, validationSplit: 'small' }, 'validation');
    await writeFile(small.mapPath(0), labelPng({ width: 39, height: 40, label: () => 1 }));
    const loader = new SegmentationLoader(small, { ...options, batchSize: 1 });
    await expect(take(loader.iterations(), 1)).rejects.toThrow(`expected 40 x 40 pixels, as in ${small.describe(0)}, for ${small.mapPath(0)}, got 39 x 40`);
  });

  it('fails a batch that is waited for when it is closed', async () => {
    const loader = new SegmentationLoader(folder, { ...options, workers: 1 });
    const waiting = take(loader.iterations()).catch((error: unknown) => error);
    await loader.close();
    expect(await waiting).toMatchObject({ message: 'SegmentationLoader: expected an open loader, got a closed one' });
  });

  it('refuses options that cannot be', () => {
    expect(() => new SegmentationLoader(folder, { ...options, batchSize: 8 })).toThrow('SegmentationLoader: expected at least one batch of 8, got 7 samples');
    const wrong = { ...augmentation, mostOfOneClass: 0 };
    expect(() => new SegmentationLoader(folder, { ...options, augmentation: wrong })).toThrow(ConfigError);
  });
});

describe('TestPhotoLoader', () => {
  const scales = { frame: { longPx: 100, shortPx: 30 }, ratios: [1, 1.5], multiple: 8 };

  async function photos(workers: number): Promise<TestPhoto[]> {
    const loader = new TestPhotoLoader(folder, { scales, workers });
    const all = await take(loader.photos());
    expect(loader.size).toBe(SIZE);
    await loader.close();
    return all;
  }

  it('gives every photo in order at each scale, with its map at its own size', async () => {
    const reader = new LabelReader(folder.classes);
    for (const [i, { photos: scaled, map, index }] of (await photos(0)).entries()) {
      expect(index).toBe(i);
      const sample = await loadLabelledPhoto({ photo: folder.describe(i), map: folder.mapPath(i) }, reader);
      expect(scaled).toEqual(testPhotos(sample.photo, scales));
      expect(map).toEqual(sample.map);
    }
    const [first] = await photos(0);
    // 40 x 48 in a frame of 100 x 30: 30 x 36, then a multiple of 8; half as large again: 45 x 54.
    expect(first?.photos.map(({ width, height }) => [width, height])).toEqual([[32, 40], [48, 56]]);
    expect([first?.map.width, first?.map.height]).toEqual([40, 48]);
  });

  it('gives the same with workers', async () => {
    expect(await photos(2)).toEqual(await photos(0));
  });

  it('shares the photos among processes', () => {
    const sizes = [0, 1, 2].map((rank) => new TestPhotoLoader(folder, { scales, shard: { rank, worldSize: 3 } }).size);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(folder.size);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('refuses scales that cannot be', () => {
    expect(() => new TestPhotoLoader(folder, { scales: { ...scales, ratios: [] } })).toThrow('TestScales: expected at least one number above 0 for ratios, got []');
    expect(() => new TestPhotoLoader(folder, { scales: { ...scales, multiple: 0.5 } })).toThrow(ConfigError);
  });
});
