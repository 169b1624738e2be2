import type * as os from 'node:os';
import { expect, it, vi } from 'vitest';
import { defaultFileWorkers } from '../../src/data/batchLoader.ts';

const machine = vi.hoisted(() => ({ cores: 1 }));
vi.mock('node:os', async (original) => ({ ...await original<typeof os>(), availableParallelism: () => machine.cores }));

it.each([[1, 1], [2, 1], [3, 1], [4, 2], [7, 3], [16, 8], [17, 8], [64, 8]])('on %i cores is %i', (cores, workers) => {
  machine.cores = cores;
  expect(defaultFileWorkers()).toBe(workers);
});
