import type * as threads from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { WorkerPool } from '../../src/data/workerPool.ts';
import { ConfigError } from '../../src/errors.ts';

/** How many threads the system starts; those that were ended. */
const system = vi.hoisted(() => ({ most: Infinity, started: 0, ended: 0 }));

vi.mock('node:worker_threads', async (original) => {
  const { Worker, ...others } = await original<typeof threads>();
  class LimitedWorker extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      if (system.started === system.most) throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
      super(...args);
      system.started++;
    }

    override async terminate(): Promise<number> {
      system.ended++;
      return super.terminate();
    }
  }
  return { ...others, Worker: LimitedWorker };
});
/** Its module throws as it is loaded. */
const broken = { module: 'data:text/javascript,throw new Error("a broken kind")', options: {}, seed: 0, decodesInFlight: 1 };
const sound = { ...broken, module: new URL('boxSamples.mjs', import.meta.url).href };

afterEach(() => Object.assign(system, { most: Infinity, started: 0, ended: 0 }));

it('starts as many threads as it is told', async () => {
  const pool = new WorkerPool(2, sound);
  expect(system.started).toBe(2);
  await pool.close();
});

it('reports a crash to all who wait', async () => {
  const pool = new WorkerPool(1, broken);
  const batch = { epoch: 0, indices: Int32Array.of(0), sources: [], cancelled: new Int32Array(new SharedArrayBuffer(4)) };
  const waiting = await Promise.allSettled([pool.request(batch), pool.request(batch)]);
  expect(waiting.map((each) => each.status === 'rejected' && (each.reason as Error).message)).toEqual(['a broken kind', 'a broken kind']);
  await pool.close();
});

it('reports a crashed worker to whoever waits for it and to whoever asks later', async () => {
  const pool = new WorkerPool(1, broken);
  const batch = { epoch: 0, indices: Int32Array.of(0), sources: [], cancelled: new Int32Array(new SharedArrayBuffer(4)) };
  await expect(pool.request(batch)).rejects.toThrow('a broken kind');
  await expect(pool.request(batch)).rejects.toThrow('a broken kind');
  await pool.close();
});

it('says how many threads there are where the system starts no more, and ends them', () => {
  system.most = 2;
  const start = () => new WorkerPool(5, sound);
  expect(start).toThrow(ConfigError);
  system.started = 0;
  expect(start).toThrow('WorkerPool: expected 5 worker threads, got 2: EAGAIN; lower workers, 0 takes no thread');
  expect(system.ended).toBe(4);
});
