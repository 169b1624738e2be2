import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cellCentres, flattenTokens, splitTokens, tokenPyramid } from '../../src/adapter/tokenPyramid.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';

beforeAll(() => selectBackend());

describe('tokenPyramid', () => {
  it('has the grids of strides 8, 16 and 32', () => {
    expect(tokenPyramid(64, 96)).toEqual([{ height: 8, width: 12 }, { height: 4, width: 6 }, { height: 2, width: 3 }]);
  });

  it.each([[64, 80], [48, 64], [0, 32], [32, 0]])('refuses an image of %i x %i', (height, width) => {
    expect(() => tokenPyramid(height, width)).toThrow(ShapeError);
    expect(() => tokenPyramid(height, width)).toThrow(
      `ViTAdapter: expected height and width to be multiples of 32 for images, got ${height} x ${width}; pad them`);
  });
});

describe('cellCentres', () => {
  it('lists x and y of every cell, row after row, grid after grid', () => {
    const centres = cellCentres([{ height: 2, width: 4 }, { height: 1, width: 1 }]);
    expect(centres.shape).toEqual([1, 9, 1, 2]);
    expect([...centres.dataSync()]).toEqual([
      0.125, 0.25, 0.375, 0.25, 0.625, 0.25, 0.875, 0.25,
      0.125, 0.75, 0.375, 0.75, 0.625, 0.75, 0.875, 0.75,
      0.5, 0.5,
    ]);
  });
});

describe('splitTokens', () => {
  it('gives each grid its own tokens as a plane, which flattenTokens undoes', () => {
    const tokens = tensor(Float32Array.from({ length: 2 * 8 * 1 }, (_, i) => i), [2, 8, 1]);
    const [first, second] = splitTokens(tokens, [{ height: 2, width: 3 }, { height: 1, width: 2 }]);
    expect(first!.shape).toEqual([2, 2, 3, 1]);
    expect([...first!.dataSync()]).toEqual([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]);
    expect(second!.shape).toEqual([2, 1, 2, 1]);
    expect([...second!.dataSync()]).toEqual([6, 7, 14, 15]);
    expect(flattenTokens(first!).shape).toEqual([2, 6, 1]);
    expect([...flattenTokens(first!).dataSync()]).toEqual([...first!.dataSync()]);
  });
});
