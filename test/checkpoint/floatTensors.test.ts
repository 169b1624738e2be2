import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertSameModel, loadCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { float32Values, floatTensors } from '../../src/checkpoint/floatTensors.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { StoredTensor } from '../../src/checkpoint/storedTensor.ts';
import { DataError } from '../../src/errors.ts';
import { everyDtype } from './everyDtype.ts';

let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-floats-')); });
afterAll(() => rmSync(folder, { recursive: true }));

describe('float32Values', () => {
  it.each<[string, StoredTensor['dtype'], StoredTensor['data'], number[]]>([
    ['half precision', 'F16', Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x3555, 0x8000, 0x7e00),
      [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, Infinity, -Infinity, 0.333251953125, -0, NaN]],
    ['bfloat16', 'BF16', Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x7f80), [1, -2, 3.140625, Infinity]],
    ['double', 'F64', Float64Array.of(0.1, 1e300), [0.1, Infinity]],
    ['float32', 'F32', Float32Array.of(0.1), [0.1]],
  ])('widens %s', (_, dtype, data, expected) => {
    expect(float32Values('w', { dtype, data }, 'a.safetensors')).toEqual(Float32Array.from(expected));
  });

  it.each(everyDtype.filter(([, { dtype }]) => !/^B?F\d/.test(dtype)))('refuses what is not floating-point: %s', (name, tensor) => {
    expect(() => float32Values(name, tensor, 'a.safetensors'))
      .toThrow(new DataError(`float32Values: expected floating-point values (F64, F32, F16 or BF16) for "${name}" in a.safetensors, got ${tensor.dtype}`));
  });
});

describe('floatTensors', () => {
  const int8 = { dtype: 'I8', shape: [2], data: Int8Array.of(1, 2) } as const;

  it('refuses integers where their values are asked for, not where nobody wants them', () => {
    const tensors = floatTensors(new Map<string, StoredTensor>([['w', int8], ['v', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }]]), 'q.safetensors');
    expect(tensors.get('v')).toEqual({ dtype: 'F32', shape: [1], data: Float32Array.of(1) });
    expect(tensors.get('w')!.shape).toEqual([2]);
    expect(() => tensors.get('w')!.data).toThrow(/for "w" in q\.safetensors, got I8$/);
  });

  it('leaves the counts of batches as they are, and checkpoints without them are of the same model', () => {
    const count = { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) } as const;
    expect(floatTensors(new Map<string, StoredTensor>([['bn.num_batches_tracked', count]]), 'a').get('bn.num_batches_tracked')).toBe(count);
    const weight = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    const model = new Map([['bn.weight', { shape: [1] }], ['bn.num_batches_tracked', { shape: [] }]]);
    expect(() => assertSameModel(model, new Map([['bn.weight', weight]]), 'a')).not.toThrow();
    expect(() => assertSameModel(model, model, 'a')).not.toThrow();
    expect(() => assertSameModel(model, new Map([['bn.num_batches_tracked', weight]]), 'a')).toThrow(/1 key missing \(bn\.weight\)/);
  });

  it('is what a checkpoint is read as', async () => {
    const path = join(folder, 'half.safetensors');
    await writeSafetensors(path, [['w', { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x4049) }]]);
    expect((await loadCheckpoint(path)).model.get('w')).toEqual({ dtype: 'F32', shape: [1], data: Float32Array.of(3.140625) });
  });
});
