// What a kind of sample is to the loader and its worker threads: a module that says which arrays a batch has and fills them. They
// know no kind: a new one is a file that exports `sampleKind`, and a loader that names its arrays.

import type { Rng } from '../random/rng.ts';

/** The arrays of a batch by name. */
export type BatchArrays<Name extends PropertyKey = string> = { [name in Name]: TypedArray };

type TypedArray = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Makes batches of one kind with one set of options. */
export interface SampleMaker<Origin, Batch extends BatchArrays<keyof Batch>> {
  /** Arrays for `count` samples. Where a sample has a varying number of something they have room for the most, and one counts. */
  allocate(count: number): Batch;
  /**
   * Puts one sample in its place. What cannot be allocated ahead, as its size is known only now, replaces an array of the batch.
   * @param origin what the sample is made from
   * @param rng the sample's own stream: everything random comes from it
   * @param position of the sample in the batch
   * @throws DataError naming the file that cannot be used
   */
  make(origin: Origin, rng: Rng, batch: Batch, position: number): Promise<void>;
}

/** What a module of a kind exports as `sampleKind`. */
export interface SampleKind<Options, Origin, Batch extends BatchArrays<keyof Batch>> {
  /** The module's `import.meta.url`, by which a worker thread loads it. */
  readonly module: string;
  /** @param options plain data: worker threads are given a copy */
  createMaker(options: Options): SampleMaker<Origin, Batch>;
}

/** A kind with its options: what a batch is made by, on this thread or on another. */
export interface BatchRecipe<Origin, Batch extends BatchArrays<keyof Batch>> {
  readonly module: string;
  readonly options: unknown;
  readonly maker: SampleMaker<Origin, Batch>;
}

export function batchRecipe<Options, Origin, Batch extends BatchArrays<keyof Batch>>(
  kind: SampleKind<Options, Origin, Batch>, options: Options,
): BatchRecipe<Origin, Batch> {
  return { module: kind.module, options, maker: kind.createMaker(options) };
}
