// Batches that have been asked for and not been handed out, in order.

import type { BatchBytes } from './batchRecipe.ts';

export class Prefetch {
  /** Shared with the workers: 1 once the rest is given up. */
  readonly flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #queue: { indices: Int32Array; batch: Promise<BatchBytes | undefined> }[] = [];
  #taken: Promise<BatchBytes | undefined> | undefined;

  push(indices: Int32Array, batch: Promise<BatchBytes | undefined>): void {
    // A failure is reported when its batch is taken, which may be much later, or never.
    batch.catch(() => undefined);
    this.#queue.push({ indices, batch });
  }

  /**
   * The next one; undefined when it was given up.
   * @throws what making it threw
   */
  async shift(): Promise<(BatchBytes & { readonly indices: Int32Array }) | undefined> {
    const next = this.#queue.shift();
    this.#taken = next?.batch;
    const batch = await next?.batch;
    return next && batch && { ...batch, indices: next.indices };
  }

  /** Gives up what has not been handed out and waits until nothing of it is in flight. */
  async cancel(): Promise<void> {
    Atomics.store(this.flag, 0, 1);
    await Promise.allSettled([this.#taken, ...this.#queue.splice(0).map(({ batch }) => batch)]);
  }
}
