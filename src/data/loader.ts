// Batches of augmented pictures, prefetched on worker threads while the caller trains. The bytes are a pure function of
// (seed, epoch, sample index): neither the number of workers nor their timing changes them.
//
// Memory: at most `prefetchBatches` batches are being made or waiting, plus the one handed out; each is
// batchSize * sizePx² * 3 bytes. A batch belongs to the caller; it is never overwritten.

import { availableParallelism } from 'node:os';
import { ConfigError } from '../errors.ts';
import { BatchProducer } from './batchProducer.ts';
import type { ClassificationDataset } from './dataset.ts';
import { batchCount, epochOrder, type Shard } from './sampler.ts';
import { outputSizePx, type ImageTransform } from './transforms/imageTransform.ts';
import { WorkerPool } from './workerPool.ts';

export interface ImageLoaderOptions {
  /** Samples per batch (of this process). */
  readonly batchSize: number;
  readonly transforms: readonly ImageTransform[];
  readonly seed: number;
  /** True: a new order each epoch; false: ascending index. */
  readonly shuffle: boolean;
  /** Leaves out a last batch that is not full. */
  readonly dropLast: boolean;
  /** Worker threads; 0 makes batches on the calling thread, when asked for. Default: defaultWorkers(dataset). */
  readonly workers?: number;
  /** Batches being made or waiting at any moment. Default: 2 per worker. Without workers there are none. */
  readonly prefetchBatches?: number;
  /** This process' share of a distributed run. Default: all. */
  readonly shard?: Shard;
}

export interface ImageBatch {
  /** RGB bytes, [size, sizePx, sizePx, 3], not normalised. */
  readonly images: Uint8Array;
  /** [size] */
  readonly labels: Int32Array;
  /** Which samples of the dataset these are, [size]. */
  readonly indices: Int32Array;
  readonly size: number;
  readonly sizePx: number;
}

/** Pictures that one thread decodes at a time: as many as libuv's thread pool has threads by default. */
const DECODES_IN_FLIGHT = 4;
const MOST_DEFAULT_WORKERS = 8;

/**
 * Worker threads for a dataset: none for pixels in memory, where a batch costs less than a message; else one for two cores, at
 * most 8. The decoding itself runs on libuv's pool: on a machine with many cores set UV_THREADPOOL_SIZE to their number.
 */
export function defaultWorkers(dataset: ClassificationDataset): number {
  if (dataset.size === 0 || dataset.source?.(0).kind !== 'file') return 0;
  return Math.min(MOST_DEFAULT_WORKERS, Math.max(1, Math.floor(availableParallelism() / 2)));
}

export class ImageLoader {
  readonly batchesPerEpoch: number;
  /** Side of the pictures. */
  readonly sizePx: number;
  readonly #dataset: ClassificationDataset;
  readonly #options: ImageLoaderOptions;
  readonly #workers: number;
  readonly #prefetch: number;
  readonly #producer = new BatchProducer(DECODES_IN_FLIGHT);
  readonly #epochs = new Set<Prefetch>();
  #pool: WorkerPool | undefined;
  #closed = false;

  /**
   * @throws ConfigError for options out of range, a pipeline that sets no size, no batch at all, or workers for a dataset that
   * cannot be loaded by them.
   */
  constructor(dataset: ClassificationDataset, options: ImageLoaderOptions) {
    this.#dataset = dataset;
    this.#options = options;
    this.#workers = options.workers ?? defaultWorkers(dataset);
    this.#prefetch = options.prefetchBatches ?? Math.max(1, 2 * this.#workers);
    this.sizePx = outputSizePx(options.transforms);
    this.batchesPerEpoch = batchCount(dataset.size, options);
    expectWhole('workers', this.#workers, 0);
    expectWhole('prefetchBatches', this.#prefetch, 1);
    if (this.batchesPerEpoch === 0) {
      throw new ConfigError(
        `ImageLoader: expected at least one batch of ${options.batchSize}, got ${dataset.size} samples` +
          (options.dropLast ? ': lower batchSize or set dropLast to false' : ''),
      );
    }
    if (this.#workers > 0 && dataset.source === undefined) {
      throw new ConfigError(`ImageLoader: expected workers 0 for a dataset without source(), got ${this.#workers}`);
    }
  }

  /**
   * The batches of one epoch, from `startBatch` on: what a resumed run still has to see. Leaving the loop early ends the work on
   * the rest before it returns.
   * @throws (while iterating) DataError naming the file that cannot be decoded; ConfigError for a startBatch that does not exist.
   */
  async *epoch(epoch: number, startBatch = 0): AsyncIterableIterator<ImageBatch> {
    expectWhole('epoch', epoch, 0);
    expectWhole('startBatch', startBatch, 0, this.batchesPerEpoch);
    const { batchSize } = this.#options;
    const order = epochOrder(this.#dataset.size, { ...this.#options, epoch });
    const ahead = new Prefetch();
    this.#epochs.add(ahead);
    try {
      let requested = startBatch;
      for (let batch = startBatch; batch < this.batchesPerEpoch; batch++) {
        if (this.#closed) throw closedError();
        for (; requested < Math.min(batch + this.#prefetch, this.batchesPerEpoch); requested++) {
          const indices = order.slice(requested * batchSize, (requested + 1) * batchSize);
          ahead.push(indices, this.#images(epoch, indices, ahead));
        }
        const { indices, images } = await ahead.shift();
        const labels = indices.map((index) => this.#dataset.label(index));
        yield { images, labels, indices, size: indices.length, sizePx: this.sizePx };
      }
    } finally {
      await ahead.cancel();
      this.#epochs.delete(ahead);
    }
  }

  /** Ends all work and the threads. A batch that is being waited for fails. Closing twice does no harm. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#epochs, (epoch) => epoch.cancel()));
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.close();
  }

  async #images(epoch: number, indices: Int32Array, { flag }: Prefetch): Promise<Uint8Array | undefined> {
    const { transforms, seed } = this.#options;
    const { sizePx } = this;
    const dataset = this.#dataset;
    if (this.#workers > 0) {
      const sources = Array.from(indices, (index) => {
        const source = dataset.source?.(index);
        if (source === undefined) throw new Error('ImageLoader: expected source() to stay');
        return source;
      });
      this.#pool ??= new WorkerPool(this.#workers, { transforms, sizePx, seed, decodesInFlight: DECODES_IN_FLIGHT });
      return this.#pool.request({ epoch, indices, sources, cancelled: flag });
    }
    const samples = Array.from(indices, (index) => ({ index, load: () => dataset.load(index) }));
    const cancelled = () => Atomics.load(flag, 0) !== 0;
    return this.#producer.produce({ samples, transforms, sizePx, seed, epoch, cancelled });
  }
}

/** The batches of one epoch that have been asked for and not been handed out, in order. */
class Prefetch {
  /** Shared with the workers: 1 once the epoch is given up. */
  readonly flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #queue: { indices: Int32Array; images: Promise<Uint8Array | undefined> }[] = [];
  #taken: Promise<Uint8Array | undefined> | undefined;

  push(indices: Int32Array, images: Promise<Uint8Array | undefined>): void {
    // A failure is reported when its batch is taken, which may be much later, or never.
    images.catch(() => undefined);
    this.#queue.push({ indices, images });
  }

  async shift(): Promise<{ indices: Int32Array; images: Uint8Array }> {
    const next = this.#queue.shift();
    this.#taken = next?.images;
    const images = await next?.images;
    if (next === undefined || images === undefined) throw closedError();
    return { indices: next.indices, images };
  }

  /** Gives up what has not been handed out and waits until nothing of it is in flight. */
  async cancel(): Promise<void> {
    Atomics.store(this.flag, 0, 1);
    await Promise.allSettled([this.#taken, ...this.#queue.splice(0).map(({ images }) => images)]);
  }
}

function closedError(): Error {
  return new Error('ImageLoader.epoch: expected an open loader, got a closed one');
}

function expectWhole(parameter: string, value: number, least: number, greatest = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= least && value <= greatest) return;
  const range = greatest === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `in [${least}, ${greatest}]`;
  throw new ConfigError(`ImageLoader: expected a whole number ${range} for ${parameter}, got ${value}`);
}
