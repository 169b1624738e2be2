import { tensor4d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import {
  resizeBicubic, resizeBicubicComposed, resizeBilinear, resizeBilinearComposed, type ImageSize,
} from '../../src/ops/resize.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';
import { imageErrors } from './imageReference.ts';

beforeAll(() => selectBackend());

const rng = new Rng(3);
const line = () => tensor4d([0, 8, 16], [1, 1, 3, 1]);

describe.each([['resizeBilinear', resizeBilinear], ['resizeBilinearComposed', resizeBilinearComposed]])('%s', (_name, run) => {
  it('interpolates between the middles of pixels', () => {
    expect([...run(line(), [1, 6]).dataSync()]).toEqual([0, 2, 6, 10, 14, 16]);
    expect([...run(line(), [2, 1]).dataSync()]).toEqual([8, 8]);
  });

  it('keeps the outermost pixels with alignCorners', () => {
    expect([...run(line(), [1, 5], { alignCorners: true }).dataSync()]).toEqual([0, 4, 8, 12, 16]);
  });
});

describe.each([['resizeBicubic', resizeBicubic], ['resizeBicubicComposed', resizeBicubicComposed]])('%s', (_name, run) => {
  it('weighs four pixels with the cubic of -0.75', () => {
    // At 2x pixel 2 lies at 0.75: weights of the pixels -1, 0, 1, 2 are w(1.75), w(0.75), w(0.25), w(1.25).
    const far = (d: number) => -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
    const near = (d: number) => 1.25 * d ** 3 - 2.25 * d ** 2 + 1;
    const expected = far(1.75) * 0 + near(0.75) * 0 + near(0.25) * 8 + far(1.25) * 16;
    expect(run(line(), [1, 6]).dataSync()[2]).toBeCloseTo(expected, 5);
  });
});

describe.each([
  ['resizeBilinear', resizeBilinear, resizeBilinearComposed],
  ['resizeBicubic', resizeBicubic, resizeBicubicComposed],
] as const)('%s', (name, run, composed) => {
  const sizes: [ImageSize, boolean][] = [[[7, 11], false], [[7, 11], true], [[2, 3], false], [[1, 4], true], [[10, 12], false]];

  it.each(sizes)('equals the composed one, gradient too: %j, alignCorners %s', (size, alignCorners) => {
    const inputs = [randomTensor(rng, [2, 5, 6, 3])];
    const expected = outputAndGradients((x) => composed(x, size, { alignCorners }), inputs);
    outputAndGradients((x) => run(x, size, { alignCorners }), inputs).forEach((values, i) =>
      expect(relativeError(values, expected[i]!)).toBeLessThan(5e-6));
  });

  it.each(sizes)('has the gradient of finite differences: %j, alignCorners %s', (size, alignCorners) => {
    expect(gradientErrors((x) => run(x, size, { alignCorners }), [randomTensor(rng, [2, 5, 6, 3])])[0]).toBeLessThan(1e-4);
  });

  const kind = name === 'resizeBilinear' ? 'bilinear' : 'bicubic';
  const stored: [string, ImageSize][] = [['11x7', [11, 7]], ['17x29', [17, 29]], ['1x1', [1, 1]], ['22x26', [22, 26]], ['5x6', [5, 6]]];
  it.each(stored)('matches torch: %s', async (size, pixels) => {
    const errors = await imageErrors(`${kind}_${size}`, (x) => run(x, pixels));
    expect(Math.max(...Object.values(errors))).toBeLessThan(5e-6);
  });

  if (kind === 'bilinear') {
    it.each(stored)(
      'matches torch with alignCorners: %s',
      async (size, pixels) => {
        const errors = await imageErrors(`bilinear_ac_${size}`, (x) => run(x, pixels, { alignCorners: true }));
        expect(Math.max(...Object.values(errors))).toBeLessThan(5e-6);
      });
  }

  it('names the parameter that is wrong', () => {
    expect(() => run(line(), [0, 3])).toThrow(new ShapeError(`${name}: expected whole numbers [height, width] above 0 for size, got [0, 3]`));
    expect(() => run(randomTensor(rng, [3, 3]), [1, 1])).toThrow(new ShapeError(`${name}: expected shape [B, H, W, C] for x, got [3, 3]`));
  });
});
