// Batches made ahead on worker threads while the caller trains. The bytes are a pure function of (seed, epoch, sample index):
// neither the number of workers nor their timing changes them.
//
// Memory: at most `prefetchBatches` batches are being made or waiting, plus the one handed out. A batch belongs to the caller; it
// is never overwritten.

import { availableParallelism } from 'node:os';
import { ConfigError } from '../errors.ts';
import { BatchProducer } from './batchProducer.ts';
import { Prefetch, type IndexedBatch } from './prefetch.ts';
import type { BatchArrays, BatchRecipe } from './sampleKind.ts';
import { batchCount, epochOrder, type Shard } from './sampler.ts';
import { WorkerPool } from './workerPool.ts';

/** How a loader makes batches. */
export interface LoaderOptions {
  /** Samples per batch (of this process). */
  readonly batchSize: number;
  /** Of the order and of random transforms. */
  readonly seed: number;
  /** True: a new order each epoch; false: ascending index. */
  readonly shuffle: boolean;
  /** Leaves out a last batch that is not full. */
  readonly dropLast: boolean;
  /** Worker threads; 0 makes batches on the calling thread, when asked for. */
  readonly workers?: number;
  /** Batches being made or waiting at any moment. Default: 2 per worker. Without workers there are none. */
  readonly prefetchBatches?: number;
  /** This process' share of a distributed run. Default: all. */
  readonly shard?: Shard;
}

/** The samples of a dataset. */
export interface SampleOrigins<Origin> {
  readonly size: number;
  /** What a sample is made from on the calling thread. */
  origin(index: number): Origin;
  /** The same as plain data, for a worker thread; missing where there is none. */
  source?(index: number): Origin;
}

/** Pictures that one thread decodes at a time: as many as libuv's thread pool has threads by default. */
const DECODES_IN_FLIGHT = 4;
const MOST_DEFAULT_WORKERS = 8;

/**
 * Worker threads for files: one for two cores, at most 8. The decoding itself runs on libuv's pool: on a machine with many cores
 * set UV_THREADPOOL_SIZE to their number.
 */
export function defaultFileWorkers(): number {
  return Math.min(MOST_DEFAULT_WORKERS, Math.max(1, Math.floor(availableParallelism() / 2)));
}

export class BatchLoader<Origin, Batch extends BatchArrays<keyof Batch>> {
  readonly batchesPerEpoch: number;
  /** Batches that are being made, wait, or were handed out last, at most. */
  readonly batchesAhead: number;
  readonly #name: string;
  readonly #samples: SampleOrigins<Origin>;
  readonly #recipe: BatchRecipe<Origin, Batch>;
  readonly #options: LoaderOptions;
  readonly #workers: number;
  readonly #prefetch: number;
  readonly #producer: BatchProducer<Origin, Batch>;
  readonly #running = new Set<Prefetch<Batch>>();
  #order: { epoch: number; indices: Int32Array } | undefined;
  #pool: WorkerPool<Batch> | undefined;
  #closed = false;

  /**
   * @param name of the loader, for messages
   * @throws ConfigError for options out of range, no batch at all, or workers for samples that cannot be loaded by them.
   */
  constructor(
    name: string,
    samples: SampleOrigins<Origin>,
    recipe: BatchRecipe<Origin, Batch>,
    options: LoaderOptions & { readonly workers: number },
  ) {
    this.#name = name;
    this.#samples = samples;
    this.#recipe = recipe;
    this.#options = options;
    this.#workers = options.workers;
    this.#prefetch = options.prefetchBatches ?? Math.max(1, 2 * this.#workers);
    this.batchesAhead = this.#prefetch + 1;
    this.#producer = new BatchProducer(recipe.maker, DECODES_IN_FLIGHT);
    this.batchesPerEpoch = batchCount(samples.size, options);
    this.#expectWhole('workers', this.#workers, 0);
    this.#expectWhole('prefetchBatches', this.#prefetch, 1);
    if (this.batchesPerEpoch === 0) {
      throw new ConfigError(
        `${name}: expected at least one batch of ${options.batchSize}, got ${samples.size} samples` +
          (options.dropLast ? ': lower batchSize or set dropLast to false' : ''),
      );
    }
    if (this.#workers > 0 && samples.source === undefined) {
      throw new ConfigError(`${name}: expected workers 0 for a dataset without source(), got ${this.#workers}`);
    }
  }

  /**
   * The batches of one epoch, from `startBatch` on: what a resumed run still has to see. Leaving the loop early ends the work on
   * the rest before it returns.
   * @throws (while iterating) DataError naming the file that cannot be used; ConfigError for a startBatch that does not exist.
   */
  async *epoch(epoch: number, startBatch = 0): AsyncGenerator<IndexedBatch<Batch>, void, undefined> {
    this.#expectWhole('epoch', epoch, 0);
    this.#expectWhole('startBatch', startBatch, 0, this.batchesPerEpoch);
    yield* this.#batches(epoch * this.batchesPerEpoch + startBatch, (epoch + 1) * this.batchesPerEpoch);
  }

  /**
   * Batches without end, the next epoch's following without a pause. Batch i is batch i % batchesPerEpoch of epoch
   * floor(i / batchesPerEpoch), whichever the loop starts with.
   * @throws (while iterating) DataError naming the file that cannot be used
   */
  async *iterations(start = 0): AsyncGenerator<IndexedBatch<Batch>, void, undefined> {
    this.#expectWhole('start', start, 0);
    yield* this.#batches(start, Infinity);
  }

  /** Ends all work and the threads. A batch that is being waited for fails. Closing twice does no harm. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#running, (ahead) => ahead.cancel()));
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.close();
  }

  async *#batches(start: number, end: number): AsyncGenerator<IndexedBatch<Batch>, void, undefined> {
    const ahead = new Prefetch<Batch>();
    this.#running.add(ahead);
    try {
      let requested = start;
      for (let batch = start; batch < end; batch++) {
        for (; requested < Math.min(batch + this.#prefetch, end) && !this.#closed; requested++) {
          const indices = this.#indices(requested);
          ahead.push(indices, this.#make(Math.floor(requested / this.batchesPerEpoch), indices, ahead.flag));
        }
        const next = this.#closed ? undefined : await ahead.shift();
        if (next === undefined) throw new Error(`${this.#name}: expected an open loader, got a closed one`);
        yield next;
      }
    } finally {
      await ahead.cancel();
      this.#running.delete(ahead);
    }
  }

  /** The samples of a batch, counted from the first epoch on. */
  #indices(batch: number): Int32Array {
    const epoch = Math.floor(batch / this.batchesPerEpoch);
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, indices: epochOrder(this.#samples.size, { ...this.#options, epoch }) };
    }
    const first = (batch % this.batchesPerEpoch) * this.#options.batchSize;
    return this.#order.indices.slice(first, first + this.#options.batchSize);
  }

  async #make(epoch: number, indices: Int32Array, flag: Int32Array): Promise<Batch | undefined> {
    const { seed } = this.#options;
    const samples = this.#samples;
    const { module, options } = this.#recipe;
    if (this.#workers > 0) {
      const sources = Array.from(indices, (index) => {
        const source = samples.source?.(index);
        if (source === undefined) throw new Error(`${this.#name}: expected source() to stay`);
        return source;
      });
      this.#pool ??= new WorkerPool(this.#workers, { module, options, seed, decodesInFlight: DECODES_IN_FLIGHT });
      return this.#pool.request({ epoch, indices, sources, cancelled: flag });
    }
    const origins = Array.from(indices, (index) => ({ index, origin: samples.origin(index) }));
    return this.#producer.produce({ samples: origins, seed, epoch, cancelled: () => Atomics.load(flag, 0) !== 0 });
  }

  #expectWhole(parameter: string, value: number, least: number, greatest = Number.MAX_SAFE_INTEGER): void {
    if (Number.isInteger(value) && value >= least && value <= greatest) return;
    const range = greatest === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `in [${least}, ${greatest}]`;
    throw new ConfigError(`${this.#name}: expected a whole number ${range} for ${parameter}, got ${value}`);
  }
}
