import { expect, it } from 'vitest';
import { DataError } from '../../../src/errors.ts';
import { CurveKernel } from '../../../src/evaluation/coco/curveKernel.ts';
import { inMemory, KernelColumns } from '../../../src/evaluation/coco/kernelMemory.ts';

it.each([2 ** 25, 2 ** 27, 2 ** 30])('%i detections are refused by name, not by a wrapped size', (count) => {
  const options = { thresholds: 10, recalls: [0, 1], areas: 4, limits: [100] };
  const ranking = { length: count } as Uint32Array;
  const none = new Uint32Array();
  const values = { states: new Uint8Array(), scores: new Float64Array(), ranks: none, truthCounts: none };
  const detections = { rankingStarts: Uint32Array.of(0, count), ranking, ...values };
  expect(() => new CurveKernel(options, detections)).toThrow(DataError);
  expect(() => new CurveKernel(options, detections)).toThrow(`got ${count} of 1 classes with objects; evaluate fewer`);
});

it('faults other than of memory stay what they are', () => {
  expect(() => inMemory(1, () => { throw new TypeError('ours'); })).toThrow(TypeError);
});

it('columns above 2 GiB begin where they do, though JavaScript sees negative places', () => {
  const memory = { buffer: new ArrayBuffer(2 ** 31 + 16) }; // of which nothing is touched
  const columns = new KernelColumns<'low' | 'high'>({ memory, low: { value: 8 }, high: { value: -(2 ** 31) } });
  expect([columns.integers('low', 1), columns.doubles('high', 2)].map(({ byteOffset, length }) => [byteOffset, length]))
    .toEqual([[8, 1], [2 ** 31, 2]]);
  expect(columns.bytes('high', 3, 5).byteOffset).toBe(2 ** 31 + 5);
});
