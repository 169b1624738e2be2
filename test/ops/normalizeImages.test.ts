import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { normalizeImages } from '../../src/ops/normalizeImages.ts';

beforeAll(() => selectBackend());

describe('normalizeImages', () => {
  it.each(['int32', 'float32'] as const)('scales to [0, 1], then normalises each colour (%s)', (dtype) => {
    const images = tensor([0, 51, 255, 255, 255, 0], [1, 1, 2, 3], dtype);
    const y = normalizeImages(images, [0.5, 0.2, 0], [0.5, 0.1, 0.25]);
    expect(y.dtype).toBe('float32');
    [-1, 0, 4, 1, 8, 0].forEach((expected, i) => expect(y.dataSync()[i]).toBeCloseTo(expected, 5));
  });

  it('refuses images whose colours are not last', () => {
    expect(() => normalizeImages(zeros([1, 3, 2, 2]), [0, 0, 0], [1, 1, 1]))
      .toThrow(new ShapeError('normalizeImages: expected shape [B, H, W, 3] for images, got [1, 3, 2, 2]'));
  });
});
