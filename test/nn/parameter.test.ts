import { memory, ones, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { truncatedNormal } from '../../src/nn/initialisers.ts';
import { Parameter } from '../../src/nn/parameter.ts';
import { Rng } from '../../src/random/rng.ts';

beforeAll(() => selectBackend());

const make = () => new Parameter({ shape: [2, 3], initialiser: truncatedNormal(1) });

describe('Parameter', () => {
  it('has no memory until it has values', () => {
    const before = memory().numTensors;
    const parameter = make();
    expect(parameter.size).toBe(6);
    expect(memory().numTensors).toBe(before);
    expect(() => parameter.value).toThrow('call initialise or set first');
    parameter.initialise(new Rng(1));
    expect(parameter.value.shape).toEqual([2, 3]);
    parameter.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('changes in place: who holds its tensor sees the new values', () => {
    const parameter = make();
    parameter.initialise(new Rng(1));
    const { dataId } = parameter.value;
    const view = parameter.value.clone();
    parameter.set(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect([...view.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    const given = tensor([6, 5, 4, 3, 2, 1], [2, 3]);
    parameter.set(given);
    expect([...view.dataSync()]).toEqual([6, 5, 4, 3, 2, 1]);
    expect(parameter.value.dataId).toBe(dataId);
    given.dispose();
    expect([...parameter.value.dataSync()]).toEqual([6, 5, 4, 3, 2, 1]);
  });

  it('does not share memory with the tensor it was first set from', () => {
    const parameter = make();
    const given = ones([2, 3]);
    parameter.set(given);
    expect([...parameter.value.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
    parameter.set(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect([...given.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('leaves no tensor behind when it is set', async () => {
    const parameter = make();
    parameter.initialise(new Rng(1));
    const before = memory().numTensors;
    parameter.set(new Float32Array(6));
    const given = ones([2, 3]);
    parameter.set(given);
    given.dispose();
    expect(memory().numTensors).toBe(before);
    expect([...await parameter.read()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('refuses values of another shape', () => {
    expect(() => make().set(new Float32Array(5))).toThrow(new ShapeError('Parameter.set: expected shape [2, 3] for values, got 5 values'));
    expect(() => make().set(ones([3, 2]))).toThrow(new ShapeError('Parameter.set: expected shape [2, 3] for values, got [3, 2]'));
  });
});
