import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { batchCount, epochOrder } from '../../src/data/sampler.ts';

describe('epochOrder', () => {
  it('is a permutation, fixed by seed and epoch', () => {
    const order = epochOrder(1000, { seed: 3, epoch: 2, shuffle: true });
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(1000, { seed: 3, epoch: 2, shuffle: true })).toEqual(order);
    expect(epochOrder(1000, { seed: 3, epoch: 3, shuffle: true })).not.toEqual(order);
    expect(epochOrder(1000, { seed: 4, epoch: 2, shuffle: true })).not.toEqual(order);
  });

  it('ascends without shuffling', () => {
    expect(Array.from(epochOrder(4, { seed: 1, epoch: 9, shuffle: false }))).toEqual([0, 1, 2, 3]);
  });

  it('gives two processes together the batches of one with twice the batch size', () => {
    const options = { seed: 5, epoch: 1, shuffle: true };
    const whole = epochOrder(101, options);
    const shards = [0, 1].map((rank) => epochOrder(101, { ...options, shard: { rank, worldSize: 2 } }));
    expect(shards.map((shard) => shard.length)).toEqual([51, 50]);
    for (let batch = 0; batch < 6; batch++) {
      const together = shards.flatMap((shard) => Array.from(shard.subarray(batch * 8, batch * 8 + 8)));
      const expected = Array.from(whole.subarray(batch * 16, batch * 16 + 16));
      expect(together.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
    }
  });

  it('refuses a process that does not exist', () => {
    for (const rank of [-1, 0.5, 2]) {
      expect(() => epochOrder(4, { seed: 1, epoch: 0, shuffle: false, shard: { rank, worldSize: 2 } })).toThrow(`in [0, 2) for shard.rank, got ${rank}`);
    }
    for (const worldSize of [0, 1.5]) {
      expect(() => epochOrder(4, { seed: 1, epoch: 0, shuffle: false, shard: { rank: 0, worldSize } })).toThrow(`for shard.worldSize, got ${worldSize}`);
    }
    expect(() => epochOrder(4, { seed: 1, epoch: 0, shuffle: false, shard: { rank: 2, worldSize: 2 } })).toThrow(ConfigError);
  });
});

describe('batchCount', () => {
  it('counts a shorter last batch unless it is dropped', () => {
    expect(batchCount(10, { batchSize: 4, dropLast: false })).toBe(3);
    expect(batchCount(10, { batchSize: 4, dropLast: true })).toBe(2);
    expect(batchCount(0, { batchSize: 4, dropLast: false })).toBe(0);
  });

  it('is the same on every process when the last batch is dropped', () => {
    const counts = (batchSize: number, dropLast: boolean) =>
      [0, 1].map((rank) => batchCount(17, { batchSize, dropLast, shard: { rank, worldSize: 2 } }));
    expect(counts(3, true)).toEqual([2, 2]);
    expect(counts(3, false)).toEqual([3, 3]);
    expect(counts(8, true)).toEqual([1, 1]);
    expect(counts(8, false)).toEqual([2, 1]);
  });

  it('refuses a batch size below one', () => {
    const count = () => batchCount(10, { batchSize: 0, dropLast: true });
    expect(count).toThrow('batchCount: expected a whole number of at least 1 for batchSize, got 0');
  });
});
