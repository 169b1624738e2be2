import { engine, memory, sum, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { patchEmbed, patchEmbedComposed } from '../../src/ops/patchEmbed.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(1);

describe.each([['patchEmbed', patchEmbed], ['patchEmbedComposed', patchEmbedComposed]])('%s', (_name, run) => {
  it('reads each weight [colour, row, column] at its pixel, patches row after row', () => {
    // A 4 x 6 image of patches of 2; a pixel's values are 100 row + 10 column + colour.
    const pixels = Array.from({ length: 4 * 6 * 3 }, (_, i) => 100 * Math.floor(i / 18) + 10 * (Math.floor(i / 3) % 6) + (i % 3));
    // Two outputs: colour 2 at (row 0, column 1) of the patch, and colour 0 at (row 1, column 0).
    const weight = new Float32Array(2 * 3 * 2 * 2);
    weight[2 * 4 + 0 * 2 + 1] = 1;
    weight[12 + 0 * 4 + 1 * 2 + 0] = 1;
    const y = run(tensor(pixels, [1, 4, 6, 3]), tensor(weight, [2, 3, 2, 2]), tensor([0, 1000]));
    expect(y.shape).toEqual([1, 6, 2]);
    expect([...y.dataSync()]).toEqual([12, 1100, 32, 1120, 52, 1140, 212, 1300, 232, 1320, 252, 1340]);
  });

  it('has the gradient of finite differences, of the pixels too', () => {
    const inputs = [randomTensor(rng, [2, 4, 6, 3]), randomTensor(rng, [5, 3, 2, 2]), randomTensor(rng, [5])];
    expect(Math.max(...gradientErrors((x, w, b) => run(x, w, b), inputs))).toBeLessThan(1e-4);
  });
});

describe('patchEmbed', () => {
  it('equals the composed one, gradients too', () => {
    const inputs = [randomTensor(rng, [2, 16, 24, 3]), randomTensor(rng, [7, 3, 8, 8]), randomTensor(rng, [7])];
    const composed = outputAndGradients((x, w, b) => patchEmbedComposed(x, w, b), inputs);
    outputAndGradients((x, w, b) => patchEmbed(x, w, b), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(2e-6));
  });

  it('leaves nothing behind when the pixels need no gradient', () => {
    const [images, weight, bias] = [randomTensor(rng, [1, 4, 4, 3]), randomTensor(rng, [2, 3, 2, 2]), zeros([2])];
    const before = memory().numTensors;
    const { value, grads } = engine().gradients(() => sum(patchEmbed(images, weight, bias)), [weight, bias]);
    expect([...grads[1]!.dataSync()]).toEqual([4, 4]);
    value.dispose();
    grads.forEach((gradient) => gradient.dispose());
    expect(memory().numTensors).toBe(before);
  });

  it('names the parameter whose shape is wrong', () => {
    const weight = zeros([2, 3, 4, 4]);
    expect(() => patchEmbed(zeros([1, 8, 10, 3]), weight, zeros([2])))
      .toThrow(new ShapeError('patchEmbed: expected height and width to be multiples of the patch 4 for images, got 8 x 10'));
    expect(() => patchEmbed(zeros([1, 3, 8, 8]), weight, zeros([2])))
      .toThrow(new ShapeError('patchEmbed: expected shape [B, H, W, 3] for images, got [1, 3, 8, 8]'));
    expect(() => patchEmbed(zeros([1, 8, 8, 3]), zeros([2, 3, 4, 2]), zeros([2])))
      .toThrow(new ShapeError('patchEmbed: expected square patches for weight, got 4 x 2'));
  });
});
