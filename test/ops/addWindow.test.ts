import { ones, variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { addWindow, addWindowComposed } from '../../src/ops/addWindow.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

describe('addWindow', () => {
  it.each([
    ['fused', addWindow],
    ['composed', addWindowComposed],
  ])('adds in place, overlaps twice, a hand-worked example: %s', (_, add: (sums: Variable, window: Tensor, top: number, left: number) => void) => {
    const sums = variable(zeros([1, 2, 3, 1]));
    add(sums, ones([1, 2, 2, 1]), 0, 0);
    add(sums, ones([1, 1, 2, 1]), 1, 1);
    expect([...sums.dataSync()]).toEqual([1, 1, 0, 1, 2, 1]);
  });

  it('gives the composition\'s bits', () => {
    // Two tensors of the same values: a clone would share its storage with what is changed in place.
    const [fused, composed] = [1, 2].map(() => variable(randomTensor(new Rng(3), [2, 7, 9, 5]))) as [Variable, Variable];
    const window = randomTensor(new Rng(4), [2, 3, 4, 5]);
    addWindow(fused, window, 4, 5);
    addWindowComposed(composed, window, 4, 5);
    expect(fused.dataSync()).toEqual(composed.dataSync());
  });

  it('refuses a window that does not lie inside', () => {
    const sums = variable(zeros([1, 4, 4, 2]));
    expect(() => addWindow(sums, zeros([1, 2, 2, 2]), 3, 0)).toThrow(new ShapeError('addWindow: expected a window inside 4 x 4 pixels, got 2 x 2 at (3, 0)'));
    expect(() => addWindow(sums, zeros([1, 2, 2, 3]), 0, 0)).toThrow(ShapeError);
  });
});
