import { ones, tensor1d, tensor2d, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { addDropPath, addScaled, addScaledComposed, dropPath, dropPathScale } from '../../src/ops/dropPath.ts';
import { Rng } from '../../src/random/rng.ts';
import { gradientErrors, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

describe('dropPathScale', () => {
  it('draws 0 or 1 / (1 - rate), the zeros at the given rate', () => {
    const scale = [...dropPathScale(4000, 0.2, true)!.dataSync()];
    expect(new Set(scale)).toEqual(new Set([0, 1.25]));
    const dropped = scale.filter((value) => value === 0).length / 4000;
    expect(Math.abs(dropped - 0.2)).toBeLessThan(0.03); // five deviations
  });

  it('draws anew each time', () => {
    expect([...dropPathScale(64, 0.5, true)!.dataSync()]).not.toEqual([...dropPathScale(64, 0.5, true)!.dataSync()]);
  });

  it('is nothing at rate 0 and outside training', () => {
    expect(dropPathScale(4, 0, true)).toBeUndefined();
    expect(dropPathScale(4, 0.5, false)).toBeUndefined();
  });

  it('refuses a rate that drops everything', () => {
    expect(() => dropPathScale(4, 1, true)).toThrow(new ShapeError('dropPath: expected a number in [0, 1) for rate, got 1'));
  });
});

describe('addDropPath and dropPath', () => {
  it('leave out whole samples', () => {
    for (const y of [addDropPath(zeros([64, 2, 3]), ones([64, 2, 3]), 0.5, true), dropPath(ones([64, 2, 3]), 0.5, true)]) {
      const values = [...y.dataSync()];
      const samples = Array.from({ length: 64 }, (_, b) => values.slice(6 * b, 6 * b + 6));
      for (const sample of samples) expect([0, 2]).toContain(sample[0]);
      for (const sample of samples) expect(new Set(sample).size).toBe(1);
      expect(new Set(values).size).toBe(2);
    }
  });

  it('add all of the branch outside training', () => {
    expect([...addDropPath(tensor2d([[1], [2]]), tensor2d([[10], [20]]), 0.9, false).dataSync()]).toEqual([11, 22]);
    expect([...dropPath(tensor2d([[1], [2]]), 0.9, false).dataSync()]).toEqual([1, 2]);
  });

  it('refuse a branch of another shape', () => {
    expect(() => addDropPath(zeros([2, 3]), zeros([2, 1]), 0, true))
      .toThrow(new ShapeError('addDropPath: expected shape [2, 3] for branch, got [2, 1]'));
  });
});

describe.each([['addScaled', addScaled], ['addScaledComposed', addScaledComposed]])('%s', (_name, run) => {
  it('scales each sample of the branch', () => {
    const y = run(tensor2d([[1, 2], [3, 4]]), tensor2d([[10, 20], [30, 40]]), tensor1d([0, 2]));
    expect([...y.dataSync()]).toEqual([1, 2, 63, 84]);
  });

  it('has the gradient of finite differences', () => {
    const rng = new Rng(1);
    const inputs = [randomTensor(rng, [2, 3, 4]), randomTensor(rng, [2, 3, 4])];
    expect(Math.max(...gradientErrors((x, branch) => run(x, branch, tensor1d([0.5, 2])), inputs))).toBeLessThan(1e-4);
  });
});
