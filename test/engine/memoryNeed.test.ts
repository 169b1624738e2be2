import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { expectRunFits, type RunMemory } from '../../src/engine/memoryNeed.ts';
import { ConfigError, ShapeError } from '../../src/errors.ts';
import { tensorMemory } from '../../src/ops/memory.ts';

beforeAll(() => selectBackend());

const GIB = 2 ** 30;

/** A run whose pass takes a GiB and another for each picture. */
function run(options: Partial<RunMemory> = {}): RunMemory {
  return {
    batchSize: 64,
    accumulationSteps: 1,
    inputs: (pictures) => [{ shape: [pictures], dtype: 'float32' }],
    peakBytes: ([images]) => (1 + images!.shape[0]!) * GIB,
    batchesAhead: 0,
    savedBytes: 0,
    ...options,
  };
}

const memory = { held: 0, reserved: 0, available: 12 * GIB };

function message(options: Partial<RunMemory>, available = memory.available): string {
  try {
    expectRunFits(run(options), { ...memory, available });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'fits';
}

describe('expectRunFits', () => {
  it('lets pass what fits', () => {
    expect(message({ batchSize: 8 })).toBe('fits'); // 1.1 · 9 + 0.08 GiB
    expect(message({ batchSize: 10 })).toMatch(/^train: expected a training step/); // 1.1 · 11 + 0.08
  });

  it('counts to the byte, and lets pass what is just there', () => {
    const [inputs, peakBytes]: [RunMemory['inputs'], RunMemory['peakBytes']] = [() => [{ shape: [2, 3], dtype: 'float32' }, { shape: [5], dtype: 'bytes' }], () => 0];
    const needed = 80 * 2 ** 20 + 2 * (24 + 5) + 7;
    const exact = { batchSize: 1, inputs, peakBytes, batchesAhead: 2, savedBytes: 7 };
    expect(message(exact, needed)).toBe('fits');
    expect(message(exact, needed - 1)).toMatch(/not even the smallest batch would fit/);
  });

  it('says what is needed, what there is and which batch would fit', () => {
    // 1.1 · (1 + 64) + 80 MiB; of 12 GiB 5 % are left to others: 1.1 · (1 + 9) + 0.08 ≤ 11.4 < 1.1 · (1 + 10) + 0.08
    expect(message({})).toBe('train: expected a training step that fits into memory, got about 71.6 GiB needed for batchSize 64 where 12.0 GiB are available; batchSize 9 would fit');
  });

  it('counts the passes of an update', () => {
    expect(message({ accumulationSteps: 4 })).toMatch(/needed for batchSize 256 .*; batchSize 36 \(4 parts of 9\) would fit$/);
  });

  it('counts batches that wait and what a checkpoint reads back', () => {
    const inputs: RunMemory['inputs'] = (pictures) => [{ shape: [pictures, GIB / 4], dtype: 'bytes' }, { shape: [pictures], dtype: 'int32' }];
    expect(message({ inputs, batchesAhead: 4 })).toMatch(/about 135\.6 GiB .*; batchSize 4 would fit$/); // 1.1 (1 + n) + n + 0.08
    expect(message({ savedBytes: 5 * GIB })).toMatch(/about 76\.6 GiB .*; batchSize 4 would fit$/);
  });

  it('takes what the process has already for its own', () => {
    // 1 + 1.1 · 20 - 12
    expect(() => expectRunFits(run({ batchSize: 19 }), { held: 1 * GIB, reserved: 12 * GIB, available: 12 * GIB })).not.toThrow();
  });

  it('finds the batch where memory does not grow in a line', () => {
    const peakBytes: RunMemory['peakBytes'] = ([images]) => images!.shape[0]! ** 2 * GIB / 10;
    expect(message({ batchSize: 1000, peakBytes })).toMatch(/; batchSize 10 would fit$/); // 1.1 · 10 + 0.08 ≤ 11.4 < 1.1 · 12.1
  });

  it('says that nothing would fit', () => {
    expect(message({ peakBytes: ([images]) => images!.shape[0]! * 100 * GIB })).toMatch(
      /; not even the smallest batch would fit: make the model or the pictures smaller$/);
  });

  it('proposes what fits to the byte', () => {
    const mebibytes = (first: number, each: number): Partial<RunMemory> => ({
      inputs: (pictures) => [{ shape: [first + each * pictures, 2 ** 20], dtype: 'bytes' }], peakBytes: () => 0, batchesAhead: 1,
    });
    // Of 100 MiB 95, and of 200 MiB 190, are for the batch.
    expect(message({ ...mebibytes(0, 15), batchSize: 2 }, 100 * 2 ** 20)).toMatch(/batchSize 1 would fit$/); // 80 + 15
    expect(message({ ...mebibytes(0, 55), batchSize: 3 }, 200 * 2 ** 20)).toMatch(/batchSize 2 would fit$/); // 80 + 2 · 55
    expect(message({ ...mebibytes(1, 15), batchSize: 2 }, 100 * 2 ** 20)).toMatch(/not even the smallest/);
  });

  it('traces few batches', () => {
    const traced = (peakBytes: (pictures: number) => number, batchSize: number) => {
      const seen: number[] = [];
      const result = message({ batchSize, peakBytes: ([images]) => {
        seen.push(images!.shape[0]!);
        return peakBytes(images!.shape[0]!);
      } });
      return [...seen, /batchSize (\d+) would fit$/.exec(result)?.[1]];
    };
    // On the line between 1 and the batch, where their geometric mean is, and so on in turn; beyond all numbers there is no line.
    expect(traced((pictures) => (1 + pictures) * GIB / 100, 2000)).toEqual([2000, 1, 2000, 1028, 1433, 1029, '1028']);
    expect(traced((pictures) => pictures ** 2 * GIB / 10, 1000)).toEqual([1000, 1, 1000, 2, 44, 4, 13, 9, 10, 11, '10']);
    const beyond = () => { throw new Error('Storage size calculation overflowed'); };
    expect(traced((pictures) => (pictures > 777 ? beyond() : GIB), 1e6)).toEqual(
      [1e6, 1, 1e6, 1000, 31, 176, 419, 647, 804, 721, 761, 782, 771, '771']); // ten proposals
  });

  it('refuses sizes beyond all numbers', () => {
    const peakBytes: RunMemory['peakBytes'] = ([images]) => {
      if (images!.shape[0]! > 8) throw new Error('Storage size calculation overflowed with sizes=[64, 4611686018427387904]');
      return GIB;
    };
    expect(message({ peakBytes })).toMatch(/got more than can be counted needed for batchSize 64 .*; batchSize 8 would fit$/);
  });

  it('passes on what else is wrong with a step', () => {
    const peakBytes = (): number => {
      throw new Error('a compiled step cannot read');
    };
    expect(() => expectRunFits(run({ peakBytes }))).toThrow('a compiled step cannot read');
  });

  it('asks the machine where it is told nothing', () => {
    const { available } = tensorMemory()!;
    expect(() => expectRunFits(run({ batchSize: 1, peakBytes: () => 2 * available }))).toThrow(/fits into memory/);
    expect(() => expectRunFits(run({ batchSize: 1, peakBytes: () => 1000 }))).not.toThrow();
  });

  it('proposes from two pictures on where one cannot be traced', () => {
    const peakBytes: RunMemory['peakBytes'] = ([images]) => {
      if (images!.shape[0] === 1) throw new ShapeError('batchNorm: expected more than one value per channel');
      return (1 + images!.shape[0]!) * GIB;
    };
    expect(message({ peakBytes })).toMatch(/; batchSize 9 would fit$/); // 1.1 · 10 + 0.08 of 0.95 · 12 GiB
    expect(message({ peakBytes, batchSize: 3 }, 4 * GIB)).toMatch(/; batchSize 2 would fit$/); // 1.1 · 3 + 0.08 of 0.95 · 4 GiB
    expect(message({ peakBytes, batchSize: 3 }, 3 * GIB)).toMatch(/; not even the smallest batch would fit/);
  });
});
