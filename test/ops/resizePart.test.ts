import { slice, tensor4d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { resizeBilinear, type ImageSize } from '../../src/ops/resize.ts';
import { cut, resizePart, resizePartComposed, sourcePart, type Part } from '../../src/ops/resizePart.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

describe.each([['fused', resizePart], ['composed', resizePartComposed]])('resizePart, %s', (_, run) => {
  it('interpolates between the middles of the whole map\'s pixels', () => {
    // [0, 8, 16] at twice the size is 0, 2, 6, 10, 14, 16.
    const right = tensor4d([8, 16], [1, 1, 2, 1]);
    const options = { source: [1, 3], place: [0, 1], size: [1, 6], part: { top: 0, left: 3, height: 1, width: 3 } } as const;
    expect([...run(right, options).dataSync()]).toEqual([10, 14, 16]);
  });
});

/** From part to part of the whole result. */
function inBands(size: ImageSize, rows: number, columns: number): Part[] {
  const parts: Part[] = [];
  for (let left = 0; left < size[1]; left += columns) {
    for (let top = 0; top < size[0]; top += rows) {
      parts.push({ top, left, height: Math.min(rows, size[0] - top), width: Math.min(columns, size[1] - left) });
    }
  }
  return parts;
}

describe('resizePart', () => {
  const cases: [source: ImageSize, size: ImageSize, channels: number][] = [
    [[8, 11], [47, 61], 150], // vectors of 8 channels and a rest
    [[17, 9], [201, 50], 16],
    [[40, 44], [33, 17], 6], // smaller
    [[20, 30], [77, 99], 3],
    [[20, 30], [77, 99], 2],
    [[5, 7], [31, 40], 2], // few pixels: torch has another kernel
    [[12, 9], [12, 9], 5],
    [[1, 1], [5, 4], 4],
    [[24, 32], [96, 128], 19],
  ];

  it.each(cases)('has the bits of the whole: %j to %j, %i channels', (source, size, channels) => {
    const x = randomTensor(new Rng(5), [1, ...source, channels]);
    const whole = resizeBilinear(x, size);
    for (const part of inBands(size, 7, 41)) {
      const from = sourcePart(source, size, part);
      const options = { source, place: [from.top, from.left], size, part } as const;
      const expected = cut(whole, part).dataSync();
      expect(resizePart(cut(x, from), options).dataSync()).toEqual(expected);
      const composed = resizePartComposed(cut(x, from), options).dataSync();
      expect(Math.max(...expected.map((value, i) => Math.abs(value - composed[i]!)))).toBeLessThan(1e-4);
    }
  });

  it('resizes each picture of a batch', () => {
    const x = randomTensor(new Rng(6), [2, 6, 5, 8]);
    const part = { top: 3, left: 2, height: 4, width: 6 };
    const both = resizePart(x, { source: [6, 5], place: [0, 0], size: [11, 13], part });
    const whole = slice(resizeBilinear(x, [11, 13]), [0, 3, 2, 0], [2, 4, 6, 8]);
    expect(both.dataSync()).toEqual(whole.dataSync());
  });

  it('names what does not fit', () => {
    const x = randomTensor(new Rng(7), [1, 2, 3, 4]);
    const options = { source: [4, 3], place: [0, 0], size: [8, 6], part: { top: 0, left: 0, height: 2, width: 6 } } as const;
    expect(() => resizePart(x, { ...options, part: { top: 7, left: 0, height: 2, width: 6 } }))
      .toThrow(new ShapeError('resizePart: expected a part of 8 x 6 pixels for part, got 2 x 6 at (7, 0)'));
    expect(() => resizePart(x, { ...options, place: [3, 0] }))
      .toThrow(new ShapeError('resizePart: expected a part of 4 x 3 pixels for x, got 2 x 3 at (3, 0)'));
    expect(() => resizePart(x, { ...options, part: { top: 6, left: 0, height: 2, width: 6 } })).toThrow('expected pixels 2 to 3 of the source in x, got 0 to 1');
  });
});
