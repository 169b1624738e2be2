// Worker threads run the compiled dist/data/loaderWorker.js: build before testing, as `npm test` does.

import { expect, it } from 'vitest';
import { BatchLoader } from '../../src/data/batchLoader.ts';
import { batchRecipe } from '../../src/data/sampleKind.ts';
import { Rng } from '../../src/random/rng.ts';
import { sampleKind } from './boxSamples.mjs';

const origins = [[[1, 2, 3, 4]], [], [[5, 6, 7, 8], [1, 1, 2, 2], [0, 0, 9, 9]], [[3, 3, 4, 4]]];
const samples = { size: origins.length, origin: (i: number) => origins[i]!, source: (i: number) => origins[i]! };

it.each([0, 2])('makes arrays by name of a kind that it does not know, with room for a number that varies, with %i workers', async (workers) => {
  const recipe = batchRecipe(sampleKind, { scale: 10 });
  const loader = new BatchLoader('BoxLoader', samples, recipe, { batchSize: 3, seed: 4, shuffle: false, dropLast: false, workers });
  const batches = [];
  for await (const batch of loader.epoch(1)) batches.push(batch);
  await loader.close();

  const none = [0, 0, 0, 0];
  const moved = (index: number, ...box: number[]) => {
    const shift = new Rng(4, 1, index).uniform(0, 1);
    return box.map((side) => Math.fround(10 * side + shift));
  };
  const last = [...moved(2, 5, 6, 7, 8), ...moved(2, 1, 1, 2, 2), ...moved(2, 0, 0, 9, 9)];
  expect(batches).toEqual([
    {
      arrays: {
        boxes: Float32Array.from([...moved(0, 1, 2, 3, 4), ...none, ...none, ...none, ...none, ...none, ...last]),
        labels: Int32Array.of(0, -1, -1, -1, -1, -1, 0, 1, 2),
        counts: Int32Array.of(1, 0, 3),
      },
      indices: Int32Array.of(0, 1, 2),
    },
    {
      arrays: {
        boxes: Float32Array.from([...moved(3, 3, 3, 4, 4), ...none, ...none]),
        labels: Int32Array.of(0, -1, -1),
        counts: Int32Array.of(1),
      },
      indices: Int32Array.of(3),
    },
  ]);
});
