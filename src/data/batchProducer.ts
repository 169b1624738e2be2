// Makes one batch: loads its samples, several at a time, and puts each in its place. Used by a worker thread and, without
// workers, by the loader itself, so both give the same bytes.

import { Rng } from '../random/rng.ts';
import type { BatchArrays, SampleMaker } from './sampleKind.ts';

/** One sample of a batch: its index in the dataset (part of its random key) and what it is made from. */
interface SampleJob<Origin> {
  readonly index: number;
  readonly origin: Origin;
}

export interface BatchJob<Origin> {
  readonly samples: readonly SampleJob<Origin>[];
  readonly seed: number;
  readonly epoch: number;
  /** Asked before each sample; true gives the batch up. */
  readonly cancelled: () => boolean;
}

/** Produces batches with at most `limit` samples being decoded at any moment; earlier batches go first. */
export class BatchProducer<Origin, Batch extends BatchArrays<keyof Batch>> {
  readonly #maker: SampleMaker<Origin, Batch>;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(maker: SampleMaker<Origin, Batch>, limit: number) {
    this.#maker = maker;
    this.#free = limit;
  }

  /**
   * @returns undefined when cancelled
   * @throws what the first failing sample (by position in the batch) threw; no sample is in flight any more then.
   */
  async produce({ samples, seed, epoch, cancelled }: BatchJob<Origin>): Promise<Batch | undefined> {
    const batch = this.#maker.allocate(samples.length);
    let failed = false;
    const results = await Promise.allSettled(
      samples.map(async ({ index, origin }, position) => {
        await this.#acquire();
        try {
          if (failed || cancelled()) return;
          await this.#maker.make(origin, new Rng(seed, epoch, index), batch, position);
        } catch (error) {
          failed = true;
          throw error;
        } finally {
          this.#release();
        }
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return cancelled() ? undefined : batch;
  }

  async #acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
