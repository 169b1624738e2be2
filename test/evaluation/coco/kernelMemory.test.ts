import { expect, it } from 'vitest';
import { DataError } from '../../../src/errors.ts';
import { CurveKernel } from '../../../src/evaluation/coco/curveKernel.ts';
import { inMemory } from '../../../src/evaluation/coco/kernelMemory.ts';

const options = { thresholds: 10, recalls: [0, 1], classes: 1, areas: 4, limits: [100] };

it.each([2 ** 25, 2 ** 27, 2 ** 30])('%i detections of a class are refused by name, not by a wrapped size', (detections) => {
  expect(() => new CurveKernel({ ...options, detections })).toThrow(DataError);
  expect(() => new CurveKernel({ ...options, detections })).toThrow(`got ${detections}`);
});

it('faults other than of memory stay what they are', () => {
  expect(() => inMemory(1, () => { throw new TypeError('ours'); })).toThrow(TypeError);
});
