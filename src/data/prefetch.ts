// Batches that have been asked for and not been handed out, in order.

/** A batch and which samples it holds. */
export interface IndexedBatch<Batch> {
  readonly arrays: Batch;
  readonly indices: Int32Array;
}

export class Prefetch<Batch> {
  /** Shared with the workers: 1 once the rest is given up. */
  readonly flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #queue: { indices: Int32Array; batch: Promise<Batch | undefined> }[] = [];
  #taken: Promise<Batch | undefined> | undefined;

  push(indices: Int32Array, batch: Promise<Batch | undefined>): void {
    // A failure is reported when its batch is taken, which may be much later, or never.
    batch.catch(() => undefined);
    this.#queue.push({ indices, batch });
  }

  /**
   * The next one; undefined when it was given up.
   * @throws what making it threw
   */
  async shift(): Promise<IndexedBatch<Batch> | undefined> {
    const next = this.#queue.shift();
    this.#taken = next?.batch;
    const arrays = await next?.batch;
    return next && arrays && { arrays, indices: next.indices };
  }

  /** Gives up what has not been handed out and waits until nothing of it is in flight. */
  async cancel(): Promise<void> {
    Atomics.store(this.flag, 0, 1);
    await Promise.allSettled([this.#taken, ...this.#queue.splice(0).map(({ batch }) => batch)]);
  }
}
