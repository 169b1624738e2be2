import { expect, it } from 'vitest';
import { DataError } from '../../../src/errors.ts';
import { CurveKernel } from '../../../src/evaluation/coco/curveKernel.ts';
import { inMemory } from '../../../src/evaluation/coco/kernelMemory.ts';

it.each([2 ** 25, 2 ** 27, 2 ** 30])('%i detections are refused by name, not by a wrapped size', (count) => {
  const options = { thresholds: 10, recalls: [0, 1], areas: 4, limits: [100] };
  const ranking = { length: count } as Uint32Array;
  const none = new Uint32Array();
  const values = { states: new Uint8Array(), scores: new Float64Array(), ranks: none, truthCounts: none };
  const detections = { rankingStarts: Uint32Array.of(0, count), ranking, ...values };
  expect(() => new CurveKernel(options, detections)).toThrow(DataError);
  expect(() => new CurveKernel(options, detections)).toThrow(`got ${count}`);
});

it('faults other than of memory stay what they are', () => {
  expect(() => inMemory(1, () => { throw new TypeError('ours'); })).toThrow(TypeError);
});
