// Worker threads run the compiled dist/data/loaderWorker.js: build before testing, as `npm test` does.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClassificationDataset } from '../../src/data/dataset.ts';
import { ImageFolder } from '../../src/data/imageFolder.ts';
import { defaultWorkers, ImageLoader, type ImageBatch, type ImageLoaderOptions } from '../../src/data/loader.ts';
import { applyTransforms } from '../../src/data/transforms/apply.ts';
import type { ImageTransform } from '../../src/data/transforms/imageTransform.ts';
import { ConfigError, DataError } from '../../src/errors.ts';
import { Rng } from '../../src/random/rng.ts';
import { noise } from './noise.ts';

const SIZE = 22;
const TRANSFORMS: ImageTransform[] = [
  { kind: 'randomResizedCrop', sizePx: 12, scale: [0.1, 1], ratio: [0.75, 4 / 3], interpolation: 'bicubic' },
  { kind: 'horizontalFlip', probability: 0.5 },
];
const OPTIONS: ImageLoaderOptions = { batchSize: 5, transforms: TRANSFORMS, seed: 9, shuffle: true, dropLast: false };

let dir = '';
let folder: ImageFolder;

/** 22 different pictures in 3 classes. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-loader-'));
  const { data } = noise(40, 40);
  for (let i = 0; i < SIZE; i++) {
    const [width, height] = [16 + (i % 7), 15 + (i % 5)];
    const raw = { width, height, channels: 3 } as const;
    await mkdir(join(dir, `class${i % 3}`), { recursive: true });
    const pixels = data.subarray(i * 3, i * 3 + width * height * 3);
    await sharp(pixels, { raw }).jpeg().toFile(join(dir, `class${i % 3}`, `${i}.jpg`));
  }
  folder = await ImageFolder.open(dir);
});
afterAll(() => rm(dir, { recursive: true }));

async function collect(batches: AsyncIterable<ImageBatch>): Promise<ImageBatch[]> {
  const all = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

async function withLoader<T>(
  options: Partial<ImageLoaderOptions>,
  use: (loader: ImageLoader) => Promise<T>,
  dataset: ClassificationDataset = folder,
): Promise<T> {
  const loader = new ImageLoader(dataset, { ...OPTIONS, ...options });
  try {
    return await use(loader);
  } finally {
    await loader.close();
  }
}

const epochOf = (epoch: number, options: Partial<ImageLoaderOptions> = {}, startBatch = 0) =>
  withLoader(options, (loader) => collect(loader.epoch(epoch, startBatch)));

/** Pictures in memory, counting what is being loaded. */
class CountingDataset implements ClassificationDataset {
  readonly size = 40;
  readonly classNames = ['a', 'b'];
  started = 0;
  running = 0;
  label(index: number) {
    return index % 2;
  }
  describe(index: number) {
    return `picture ${index}`;
  }
  async load(index: number) {
    this.started++;
    this.running++;
    await new Promise((resolve) => setImmediate(resolve));
    this.running--;
    if (index === 13) throw new DataError('picture 13 is broken');
    return noise(12, 12);
  }
}

describe('ImageLoader', () => {
  it('gives each sample once, transformed with the stream of (seed, epoch, index)', async () => {
    const batches = await epochOf(3, { workers: 1 });
    expect(batches.map(({ size }) => size)).toEqual([5, 5, 5, 5, 2]);
    const seen = batches.flatMap(({ indices }) => Array.from(indices)).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: SIZE }, (_, i) => i));
    for (const { images, labels, indices, size, sizePx } of batches) {
      expect([images.length, labels.length, indices.length, sizePx]).toEqual([size * 12 * 12 * 3, size, size, 12]);
      for (const [position, index] of indices.entries()) {
        const expected = applyTransforms(await folder.load(index), TRANSFORMS, new Rng(OPTIONS.seed, 3, index));
        expect(images.subarray(position * 432, position * 432 + 432)).toEqual(expected);
        expect(labels[position]).toBe(folder.label(index));
      }
    }
  });

  it.each([{ workers: 0 }, { workers: 0, prefetchBatches: 3 }, { workers: 2 }, { workers: 3, prefetchBatches: 1 }])(
    'gives the same bytes with %j as with one worker',
    async (options) => {
      expect(await epochOf(1, options)).toEqual(await epochOf(1, { workers: 1 }));
    },
  );

  it('gives batches without end, epoch after epoch, from the first on', async () => {
    const epochs = [...await epochOf(0, { dropLast: true }), ...await epochOf(1, { dropLast: true })];
    await withLoader({ dropLast: true, workers: 0 }, async (loader) => {
      for (const start of [undefined, 3]) {
        const batches = loader.iterations(start);
        for (const expected of epochs.slice(start ?? 0)) expect((await batches.next()).value).toEqual(expected);
        await batches.return?.();
      }
    });
  });

  it('changes order and augmentation from epoch to epoch, and with the seed', async () => {
    const [first, again, next, seeded] = await Promise.all([epochOf(0), epochOf(0), epochOf(1), epochOf(0, { seed: 10 })]);
    expect(again).toEqual(first);
    expect(next[0]?.indices).not.toEqual(first[0]?.indices);
    expect(seeded[0]?.indices).not.toEqual(first[0]?.indices);
  });

  it('continues in the middle of an epoch', async () => {
    expect(await epochOf(2, { workers: 2 }, 3)).toEqual((await epochOf(2)).slice(3));
    expect(await epochOf(2, {}, 5)).toEqual([]);
  });

  it('keeps the order without shuffling, and drops what does not fill a batch', async () => {
    const batches = await epochOf(0, { shuffle: false, dropLast: true });
    expect(batches.flatMap(({ indices }) => Array.from(indices))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('shares an epoch among processes', async () => {
    const whole = await epochOf(4, { batchSize: 10, dropLast: true });
    const shards = await Promise.all([0, 1].map((rank) => epochOf(4, { dropLast: true, shard: { rank, worldSize: 2 } })));
    expect(shards.map((batches) => batches.length)).toEqual([2, 2]);
    const sorted = (indices: number[]) => indices.sort((a, b) => a - b);
    for (const batch of [0, 1]) {
      const together = shards.flatMap((batches) => Array.from(batches[batch]?.indices ?? []));
      expect(sorted(together)).toEqual(sorted(Array.from(whole[batch]?.indices ?? [])));
    }
  });

  it.each([0, 2])('reports a truncated file by name, at its batch, and goes on afterwards: %i workers', async (workers) => {
    const broken = join(dir, 'class1', '4.jpg');
    const bytes = await readFile(broken);
    await writeFile(broken, bytes.subarray(0, bytes.length / 2));
    try {
      await withLoader({ workers, shuffle: false }, async (loader) => {
        const seen: ImageBatch[] = [];
        const run = async () => {
          for await (const batch of loader.epoch(0)) seen.push(batch);
        };
        const failure: unknown = await run().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(DataError);
        expect((failure as DataError).message).toContain(broken);
        // 22 pictures: 8 of class 0, then class 1's, sorted as text: 1 10 13 16 19 4 7.
        expect(seen.length).toBe(2);
        await writeFile(broken, bytes);
        expect((await collect(loader.epoch(0))).length).toBe(5);
      });
    } finally {
      await writeFile(broken, bytes);
    }
  });

  it('keeps no more batches in flight than it is allowed to', async () => {
    const data = new CountingDataset();
    await withLoader({ batchSize: 4, workers: 0, prefetchBatches: 2, shuffle: false }, async (loader) => {
      expect(loader.batchesAhead).toBe(3); // and the one that was handed out
      const batches = loader.epoch(0);
      for (let taken = 1; taken <= 3; taken++) {
        await batches.next();
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(data.started).toBe(4 * (taken + 1));
      }
      await batches.return?.();
      expect(data.running).toBe(0);
    }, data);
  });

  it('ends what is in flight when the loop is left early', async () => {
    const data = new CountingDataset();
    await withLoader({ batchSize: 4, workers: 0, prefetchBatches: 3, shuffle: false }, async (loader) => {
      for await (const batch of loader.epoch(0)) {
        expect(batch.size).toBe(4);
        break;
      }
      expect(data.running).toBe(0);
      const { started } = data;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(data.started).toBe(started);
      expect(started).toBeLessThanOrEqual(12);
    }, data);
  });

  it('can be left early and used again, several times over', async () => {
    await withLoader({ workers: 2 }, async (loader) => {
      for (let epoch = 0; epoch < 5; epoch++) {
        for await (const batch of loader.epoch(epoch)) if (batch.size === 5) break;
      }
      expect(await collect(loader.epoch(2))).toEqual(await epochOf(2));
    });
  });

  it('serves two epochs at a time', async () => {
    await withLoader({ workers: 2 }, async (loader) => {
      const [one, two] = await Promise.all([collect(loader.epoch(1)), collect(loader.epoch(2))]);
      expect(one).toEqual(await epochOf(1));
      expect(two).toEqual(await epochOf(2));
    });
  });

  it('does not report a failure in a batch that nobody waits for', async () => {
    const data = new CountingDataset();
    await withLoader({ batchSize: 4, workers: 0, prefetchBatches: 8, shuffle: false }, async (loader) => {
      const batches = loader.epoch(0);
      await batches.next();
      await new Promise((resolve) => setTimeout(resolve, 30));
      await batches.return?.();
    }, data);
  });

  it.each([0, 2])('fails a batch that is waited for when it is closed, and any later one: %i workers', async (workers) => {
    const loader = new ImageLoader(folder, { ...OPTIONS, workers });
    const batches = loader.epoch(0);
    const waiting = collect(batches).catch((error: unknown) => error);
    await loader.close();
    await loader.close();
    const closed = 'ImageLoader: expected an open loader, got a closed one';
    expect(await waiting).toMatchObject({ message: closed });
    await expect(collect(loader.epoch(0))).rejects.toThrow(closed);
  });

  it('uses no workers for pictures in memory', () => {
    expect(defaultWorkers(new CountingDataset())).toBe(0);
    expect(defaultWorkers(folder)).toBeGreaterThan(0);
  });

  it.each<[Partial<ImageLoaderOptions>, string]>([
    [{ batchSize: 0 }, 'expected a whole number of at least 1 for batchSize, got 0'],
    [{ workers: -1 }, 'ImageLoader: expected a whole number of at least 0 for workers, got -1'],
    [{ prefetchBatches: 0 }, 'ImageLoader: expected a whole number of at least 1 for prefetchBatches, got 0'],
    [{ transforms: [] }, 'expected a transform that sets the size'],
    [{ batchSize: 23, dropLast: true }, 'expected at least one batch of 23, got 22 samples: lower batchSize or set dropLast to false'],
  ])('refuses %j', (options, message) => {
    expect(() => new ImageLoader(folder, { ...OPTIONS, ...options })).toThrow(ConfigError);
    expect(() => new ImageLoader(folder, { ...OPTIONS, ...options })).toThrow(message);
  });

  it('refuses workers for a dataset that they cannot load, and a batch that does not exist', async () => {
    expect(() => new ImageLoader(new CountingDataset(), { ...OPTIONS, workers: 1 })).toThrow('expected workers 0 for a dataset without source(), got 1');
    await expect(epochOf(0, {}, 6)).rejects.toThrow('expected a whole number in [0, 5] for startBatch, got 6');
  });
});

describe('a process that uses ImageLoader', () => {
  /** Runs a script on the compiled package; `loader` has two workers. @returns [exit code, signal, output] */
  async function run(body: string, onOutput: (kill: (signal: NodeJS.Signals) => void) => void = () => undefined) {
    const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../dist/data/${name}.js`, import.meta.url)));
    const script = `
      import { ImageFolder } from ${module('imageFolder')};
      import { ImageLoader } from ${module('loader')};
      const loader = new ImageLoader(await ImageFolder.open(${JSON.stringify(dir)}), { ...${JSON.stringify(OPTIONS)}, workers: 2 });
      ${body}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onOutput((signal) => child.kill(signal));
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return [code, signal, output];
  }

  it('ends by itself after close', async () => {
    expect(await run('for await (const b of loader.epoch(0)) console.log(b.size); await loader.close();')).toEqual([0, null, '5\n5\n5\n5\n2\n']);
  });

  it('ends by itself without close, also in the middle of an epoch', async () => {
    expect(await run('const it = loader.epoch(0); console.log((await it.next()).value.size);')).toEqual([0, null, '5\n']);
  });

  it('ends at once by process.exit in the middle of an epoch', async () => {
    expect(await run('await loader.epoch(0).next(); process.exit(3);')).toEqual([3, null, '']);
  });

  it('ends at once by Ctrl-C', async () => {
    const body = 'for (let e = 0; ; e++) for await (const b of loader.epoch(e)) if (e === 0 && b.size === 2) console.log("on");';
    expect(await run(body, (kill) => kill('SIGINT'))).toEqual([null, 'SIGINT', 'on\n']);
  });
});
