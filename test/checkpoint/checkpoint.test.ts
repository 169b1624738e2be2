import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCheckpoint, loadCheckpoint, saveCheckpoint, type Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import { assertSameModel, compareKeys, describeKeyDifferences } from '../../src/checkpoint/checkpointKeys.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import { DataError } from '../../src/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-checkpoint-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function weights(value: number): TensorMap {
  return new Map([
    ['head.weight', { dtype: 'F32', shape: [2, 1], data: Float32Array.of(value, -value) }],
    ['head.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, value) }],
  ]);
}

function checkpoint(value: number): Checkpoint {
  const moments: TensorMap = new Map([['m.head.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(1, value) }]]);
  const state = { step: value, epoch: 1, best: { top1: 0.25 } };
  return { model: weights(value), ema: weights(value / 2), optimizer: moments, state };
}

describe('saveCheckpoint and loadCheckpoint', () => {
  it('give back all tensors and the state, and replace an older checkpoint', async () => {
    const directory = join(folder, 'checkpoints', 'last');
    await saveCheckpoint(directory, checkpoint(1));
    await saveCheckpoint(directory, checkpoint(2));
    expect(await loadCheckpoint(directory)).toEqual({ path: directory, ...checkpoint(2) });
    expect(readdirSync(directory).sort()).toEqual(['ema.safetensors', 'model.safetensors', 'optimizer.safetensors', 'state.json']);
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['last']);
  });

  it('do without a moving average, and read only the parts that are asked for', async () => {
    const { model, optimizer, state } = checkpoint(3);
    await saveCheckpoint(join(folder, 'c'), { model, optimizer, state });
    expect(await loadCheckpoint(join(folder, 'c'))).toEqual({ path: join(folder, 'c'), model, optimizer, state });
    await saveCheckpoint(join(folder, 'c'), checkpoint(4));
    const loaded = await loadCheckpoint(join(folder, 'c'), { parts: ['ema'] });
    expect(Object.keys(loaded).sort()).toEqual(['ema', 'model', 'path', 'state']);
  });

  it('load a single weights file', async () => {
    const path = join(folder, 'deit.safetensors');
    await writeSafetensors(path, weights(7));
    expect(await loadCheckpoint(path)).toEqual({ path, model: weights(7) });
  });

  it('take the best of a run directory, else the last, or the last when it is preferred', async () => {
    await saveCheckpoint(join(folder, 'checkpoints', 'last'), checkpoint(1));
    expect((await loadCheckpoint(folder)).state).toMatchObject({ step: 1 });
    await saveCheckpoint(join(folder, 'checkpoints', 'best'), checkpoint(2));
    expect((await loadCheckpoint(folder)).state).toMatchObject({ step: 2 });
    expect((await loadCheckpoint(folder, { prefer: 'last' })).state).toMatchObject({ step: 1 });
    expect((await loadCheckpoint(join(folder, 'checkpoints'))).state).toMatchObject({ step: 2 });
  });

  it('find the older checkpoint when the writer was killed between the two renames, and the next save puts it right', async () => {
    const last = join(folder, 'checkpoints', 'last');
    await saveCheckpoint(last, checkpoint(1));
    // A process id above the largest that Linux gives out: surely gone.
    renameSync(last, join(folder, 'checkpoints', `.last.${hostPart()}.4194305.0123abcd.replaced`));
    expect((await loadCheckpoint(folder)).state).toMatchObject({ step: 1 });
    expect((await loadCheckpoint(last)).state).toMatchObject({ step: 1 });
    await saveCheckpoint(join(folder, 'checkpoints', 'best'), checkpoint(2));
    expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual(['best', 'last']);
  });

  it('refuse a state that JSON would change', async () => {
    const { model, optimizer } = checkpoint(1);
    await expect(saveCheckpoint(join(folder, 'c'), { model, optimizer, state: { best: { loss: Infinity } } })).rejects.toThrow(
      /finite number for state loss, got Infinity/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('say what is wrong with a path or a file', async () => {
    await expect(loadCheckpoint(join(folder, 'absent'))).rejects.toThrow(/expected a checkpoint at .*absent, got no such/);
    mkdirSync(join(folder, 'photos'));
    await expect(loadCheckpoint(join(folder, 'photos'))).rejects.toThrow(/model\.safetensors or checkpoints.*got an empty directory/);
    writeFileSync(join(folder, 'photos', 'cat.jpg'), '');
    await expect(findCheckpoint(join(folder, 'photos'))).rejects.toThrow(/got a directory with cat\.jpg/);
    writeFileSync(join(folder, 'deit.pth'), 'PK\u0003\u0004 a zip archive');
    await expect(loadCheckpoint(join(folder, 'deit.pth'))).rejects.toThrow(/deit\.pth, got another kind of file; save a \.pth file's tensors with safetensors\.torch\.save_file$/);
    await saveCheckpoint(join(folder, 'c'), checkpoint(1));
    writeFileSync(join(folder, 'c', 'state.json'), '{"step":');
    await expect(loadCheckpoint(join(folder, 'c'))).rejects.toThrow(/expected JSON in .*state\.json/);
    const model = join(folder, 'c', 'model.safetensors');
    writeFileSync(model, readFileSync(model).subarray(0, -1));
    await expect(loadCheckpoint(join(folder, 'c'))).rejects.toThrow(DataError);
  });
});

describe('compareKeys', () => {
  const shapes = (entries: Record<string, number[]>): Map<string, { shape: number[] }> =>
    new Map(Object.entries(entries).map(([key, shape]) => [key, { shape }]));

  it('tells missing, unexpected and differently shaped keys apart', () => {
    const model = shapes({ a: [1], b: [2, 3], c: [4], d: [] });
    const found = shapes({ b: [3, 2], a: [1], e: [1], d: [1] });
    expect(compareKeys(model, found)).toEqual({
      missing: ['c'],
      unexpected: ['e'],
      mismatched: [
        { key: 'b', expected: [2, 3], found: [3, 2] },
        { key: 'd', expected: [], found: [1] },
      ],
    });
  });

  it('is put in one line that counts the keys and names the first few', () => {
    const model = shapes({ a: [1], b: [1], c: [1], d: [1], 'head.weight': [100, 256] });
    const found = shapes({ 'head.weight': [10, 256], 'pe_norm.weight': [256] });
    expect(describeKeyDifferences(compareKeys(model, found))).toBe(
      '4 keys missing (a, b, c, …); 1 key unexpected (pe_norm.weight); 1 key of another shape (head.weight: expected [100, 256], got [10, 256])',
    );
    expect(() => assertSameModel(model, found, 'runs/x/best')).toThrow(/^runs\/x\/best is a checkpoint of another model: 4 keys missing/);
  });

  it('accepts a checkpoint of the same model in any order', () => {
    const model = shapes({ a: [1], b: [2, 3] });
    expect(() => assertSameModel(model, shapes({ b: [2, 3], a: [1] }), 'x')).not.toThrow();
  });
});

function hostPart(): string {
  return hostname().replaceAll(/[^\w-]/g, '_');
}
