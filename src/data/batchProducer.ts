// Makes one batch's pixels: loads its samples, several at a time, and runs the pipeline on each. Used by a worker thread and,
// without workers, by the loader itself, so both give the same bytes.

import { Rng } from '../random/rng.ts';
import type { RawImage } from './dataset.ts';
import { applyTransforms } from './transforms/apply.ts';
import type { ImageTransform } from './transforms/imageTransform.ts';

/** One sample of a batch: its index in the dataset (part of its random key) and how to get its pixels. */
interface SampleJob {
  readonly index: number;
  load(): Promise<RawImage>;
}

export interface BatchJob {
  readonly samples: readonly SampleJob[];
  readonly transforms: readonly ImageTransform[];
  readonly sizePx: number;
  readonly seed: number;
  readonly epoch: number;
  /** Asked before each sample; true gives the batch up. */
  cancelled(): boolean;
}

/** Produces batches with at most `limit` samples being decoded at any moment; earlier batches go first. */
export class BatchProducer {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * @returns RGB bytes [samples, sizePx, sizePx, 3]; undefined when cancelled
   * @throws what the first failing sample (by position in the batch) threw; no sample is in flight any more then.
   */
  async produce(job: BatchJob): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const images = new Uint8Array(job.samples.length * job.sizePx * job.sizePx * 3);
    let failed = false;
    const results = await Promise.allSettled(
      job.samples.map(async (sample, position) => {
        await this.#acquire();
        try {
          if (failed || job.cancelled()) return;
          const image = await sample.load();
          const rng = new Rng(job.seed, job.epoch, sample.index);
          const bytes = job.sizePx * job.sizePx * 3;
          applyTransforms(image, job.transforms, rng, images.subarray(position * bytes, (position + 1) * bytes));
        } catch (error) {
          failed = true;
          throw error;
        } finally {
          this.#release();
        }
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return job.cancelled() ? undefined : images;
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
