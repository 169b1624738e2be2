// Which samples a process sees in an epoch, in which order, cut into which batches: a pure function of seed and epoch, so a
// resumed run continues in the middle of an epoch with the samples it would have seen.

import { ConfigError } from '../errors.ts';
import { Rng } from '../random/rng.ts';

/** One process of a distributed run. */
export interface Shard {
  /** Which process this is, in [0, worldSize). */
  readonly rank: number;
  /** Number of processes. */
  readonly worldSize: number;
}

export interface EpochOrderOptions {
  readonly seed: number;
  readonly epoch: number;
  /** False: ascending index. */
  readonly shuffle: boolean;
  /** Default: rank 0 of 1. */
  readonly shard?: Shard;
}

export interface BatchOptions {
  /** Samples per batch and process. */
  readonly batchSize: number;
  /** Leaves out what does not fill a batch on every process; else the last batch is shorter. */
  readonly dropLast: boolean;
  /** Default: rank 0 of 1. */
  readonly shard?: Shard;
}

const WHOLE: Shard = { rank: 0, worldSize: 1 };

/**
 * The samples of one epoch in the order in which a process sees them. Rank r takes every worldSize-th sample of the common
 * order from r on: the b-th batches of all processes together are the b-th batch of a single process with a batch size
 * worldSize times as large. No sample is repeated to even out the shards: their lengths differ by at most one.
 * @throws ConfigError for a shard that does not exist.
 */
export function epochOrder(size: number, options: EpochOrderOptions): Int32Array {
  const { seed, epoch, shuffle, shard = WHOLE } = options;
  checkShard(shard);
  const order = shuffle ? new Rng(seed, epoch).permutation(size) : Int32Array.from({ length: size }, (_, i) => i);
  if (shard.worldSize === 1) return order;
  return order.filter((_, position) => position % shard.worldSize === shard.rank);
}

/**
 * Number of batches that a process sees per epoch. With dropLast it is the same on every rank, as training in step needs.
 * @throws ConfigError for a batch size below 1 or a shard that does not exist.
 */
export function batchCount(size: number, options: BatchOptions): number {
  const { batchSize, dropLast, shard = WHOLE } = options;
  checkShard(shard);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`batchCount: expected a whole number of at least 1 for batchSize, got ${batchSize}`);
  }
  if (dropLast) return Math.floor(Math.floor(size / shard.worldSize) / batchSize);
  return Math.ceil(Math.ceil((size - shard.rank) / shard.worldSize) / batchSize);
}

function checkShard({ rank, worldSize }: Shard): void {
  if (!Number.isInteger(worldSize) || worldSize < 1) {
    throw new ConfigError(`sampler: expected a whole number of at least 1 for shard.worldSize, got ${worldSize}`);
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= worldSize) {
    throw new ConfigError(`sampler: expected a whole number in [0, ${worldSize}) for shard.rank, got ${rank}`);
  }
}
