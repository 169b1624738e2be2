import { expect, it } from 'vitest';
import { WorkerPool } from '../../src/data/workerPool.ts';

it('reports a crashed worker to whoever waits for it and to whoever asks later', async () => {
  // Without its setup the worker's module throws as it is loaded.
  const pool = new WorkerPool(1, null as never);
  const batch = { epoch: 0, indices: Int32Array.of(0), sources: [], cancelled: new Int32Array(new SharedArrayBuffer(4)) };
  await expect(pool.request(batch)).rejects.toThrow('Cannot read properties of null');
  await expect(pool.request(batch)).rejects.toThrow('Cannot read properties of null');
  await pool.close();
});
