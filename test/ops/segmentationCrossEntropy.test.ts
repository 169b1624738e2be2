import { concat, engine, slice, tensor, tensor3d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { pixelCrossEntropy, pixelCrossEntropyComposed } from '../../src/ops/pixelCrossEntropy.ts';
import { segmentationCrossEntropy, type SegmentationCrossEntropyOptions } from '../../src/ops/segmentationCrossEntropy.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(7);

/** Labels 0 … classes - 1 and some 255. */
function labelMap(shape: [number, number, number], classes: number): Tensor {
  const count = shape[0] * shape[1] * shape[2];
  return tensor(Int32Array.from({ length: count }, (_, i) => (i % 5 === 2 ? 255 : (7 * i) % classes)), shape, 'int32');
}

describe.each([['pixelCrossEntropy', pixelCrossEntropy], ['pixelCrossEntropyComposed', pixelCrossEntropyComposed]])('%s', (_name, run) => {
  it('is minus the log of the softmax at the label, 0 where that is ignored', () => {
    const logits = tensor4d([0, Math.log(3), 5, 5, -1, 7], [1, 1, 3, 2]);
    const losses = run(logits, tensor3d([1, 0, 9], [1, 1, 3], 'int32'), 9).dataSync();
    [Math.log(4 / 3), Math.log(2), 0].forEach((expected, i) => expect(losses[i]).toBeCloseTo(expected, 6));
  });

  it('resizes coarser logits bilinearly', () => {
    // Logits 0 and 8 for class 1 of two pixels become 0, 2, 6, 8.
    const logits = tensor4d([0, 0, 0, 8], [1, 1, 2, 2]);
    const losses = run(logits, tensor3d([0, 1, 0, 1], [1, 1, 4], 'int32'), 255).dataSync();
    const softplus = (x: number) => Math.log(1 + Math.exp(x));
    [softplus(0), softplus(-2), softplus(6), softplus(-8)].forEach((expected, i) => expect(losses[i]).toBeCloseTo(expected, 5));
  });

  it('stands logits of any size', () => {
    const losses = run(tensor4d([1e4, -1e4, -1e4, 1e4], [1, 1, 2, 2]), tensor3d([0, 0], [1, 1, 2], 'int32'), 255).dataSync();
    [0, 2e4].forEach((expected, i) => expect(losses[i]).toBeCloseTo(expected, 6));
  });

  it.each([[[4, 5], [4, 5]], [[3, 4], [7, 9]], [[5, 5], [3, 2]]] as const)('has the gradient of finite differences: %j to %j', (from, to) => {
    const labels = labelMap([2, ...to], 6);
    expect(gradientErrors((logits) => run(logits, labels, 255), [randomTensor(rng, [2, ...from, 6])])[0]).toBeLessThan(2e-4);
  });
});

describe('pixelCrossEntropy', () => {
  it.each([
    [[13, 17], [13, 17], 19],
    [[16, 16], [64, 64], 150],
    [[7, 9], [30, 31], 11],
    [[20, 20], [9, 8], 3],
    [[1, 1], [6, 7], 4],
    // One side is the same already: as high, as wide; as high as there are images, as wide as there are classes.
    [[3, 9], [7, 9], 3],
    [[7, 3], [7, 9], 3],
    [[5, 3], [2, 3], 3],
    [[4, 2], [4, 3], 3],
  ] as const)('equals the composed one, gradient too: %j to %j, %i classes', (from, to, classes) => {
    const labels = labelMap([2, ...to], classes);
    const inputs = [randomTensor(rng, [2, ...from, classes], 3)];
    const composed = outputAndGradients((logits) => pixelCrossEntropyComposed(logits, labels, 255), inputs);
    outputAndGradients((logits) => pixelCrossEntropy(logits, labels, 255), inputs).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });
});

describe('segmentationCrossEntropy', () => {
  const loss = (logits: Tensor, labels: Tensor, options?: SegmentationCrossEntropyOptions) =>
    segmentationCrossEntropy(logits, labels, options).dataSync()[0]!;

  it('divides by all pixels, ignored ones too', () => {
    const logits = tensor4d([0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 2, 2]);
    expect(loss(logits, tensor3d([0, 255, 255, 1], [1, 2, 2], 'int32'))).toBeCloseTo(Math.log(2) / 2, 6);
    expect(loss(logits, tensor3d([0, 7, 1, 1], [1, 2, 2], 'int32'), { ignoreIndex: 7 })).toBeCloseTo(0.75 * Math.log(2), 6);
  });

  it('is 0, with a gradient of 0, where every pixel is ignored', () => {
    const labels = tensor(new Int32Array(18).fill(255), [2, 3, 3], 'int32');
    for (const options of [{}, { ohem: { minKept: 2 } }, { ohem: { minKept: 2, threshold: 0.7 } }]) {
      const f = (logits: Tensor) => segmentationCrossEntropy(logits, labels, options);
      const [value, gradient] = outputAndGradients(f, [randomTensor(rng, [2, 3, 3, 4])]);
      expect([...value!]).toEqual([0]);
      expect(gradient!.every((one) => one === 0)).toBe(true);
    }
  });

  describe('with hard example mining', () => {
    // Probabilities 0.9, 0.8, 0.6, 0.5 and 0.2 of the labels, and an ignored pixel.
    const probabilities = [0.9, 0.8, 0.6, 0.5, 0.2, 0.5];
    const logits = () => tensor4d(probabilities.flatMap((p) => [Math.log(p), Math.log(1 - p)]), [1, 2, 3, 2]);
    const labels = () => tensor3d([0, 0, 0, 0, 0, 255], [1, 2, 3], 'int32');
    const sumOf = (...kept: number[]) => -kept.reduce((total, p) => total + Math.log(p), 0) / 6;

    it.each([
      [1, 0.7, [0.6, 0.5, 0.2]], // all below the threshold
      [4, 0.7, [0.8, 0.6, 0.5, 0.2]], // four stay in any case
      [2, 0.1, [0.5, 0.2]],
      [9, 0.7, [0.8, 0.6, 0.5, 0.2]], // fewer than asked for: the original leaves out the easiest
    ])('keeps at least %i pixels and those below %f', (minKept, threshold, kept) => {
      expect(loss(logits(), labels(), { ohem: { minKept, threshold } })).toBeCloseTo(sumOf(...kept), 5);
    });

    it.each([[2, [0.5, 0.2]], [9, probabilities.slice(0, 5)]])('keeps the %i hardest without a threshold', (minKept, kept) => {
      expect(loss(logits(), labels(), { ohem: { minKept } })).toBeCloseTo(sumOf(...kept), 5);
    });

    it('keeps so many for each image of a batch, wherever they are', () => {
      const easy = tensor4d(Array.from({ length: 6 }, () => [Math.log(0.99), Math.log(0.01)]).flat(), [1, 2, 3, 2]);
      const both = concat<Tensor4D>([logits(), easy], 0);
      const maps = concat([labels(), labels()], 0);
      expect(loss(both, maps, { ohem: { minKept: 2 } })).toBeCloseTo(sumOf(0.8, 0.6, 0.5, 0.2) / 2, 5);
    });

    it('gives no gradient to easy pixels', () => {
      const f = (x: Tensor) => segmentationCrossEntropy(x, labels(), { ohem: { minKept: 2, threshold: 0.1 } });
      const gradient = tidy(() => engine().gradients(() => f(given), [given], tensor(1)).grads[0]!.dataSync());
      const first = [...gradient].filter((_, i) => i % 2 === 0);
      expect(first.map((value) => value !== 0)).toEqual([false, false, false, true, true, false]);
    });
    let given: Tensor;
    beforeAll(() => { given = logits(); });
  });

  const variants = [{}, { ohem: { minKept: 20, threshold: 0.3 } }, { ohem: { minKept: 20 } }];
  it.each(variants)('gives the same bits in a compiled step: %j', async (options) => {
    const body = (logits: Tensor, labels: Tensor): Tensor[] => {
      const loss = () => segmentationCrossEntropy(logits, labels, options);
      const { value, grads } = engine().gradients(loss, [logits], undefined, true);
      return [value, slice(grads[0]!, 0)];
    };
    const inputs = [randomTensor(rng, [2, 4, 4, 5]), labelMap([2, 12, 12], 5)] as const;
    const eager = tidy(() => body(...inputs).map((result) => [...result.dataSync()]));
    const step = new CompiledStep((logits, labels) => body(logits, labels));
    expect((await step.run(inputs)).map((result) => [...result.dataSync()])).toEqual(eager);
  });

  it('names the parameter that is wrong', () => {
    const logits = randomTensor(rng, [2, 3, 3, 4]);
    expect(() => segmentationCrossEntropy(logits, tensor3d([1], [1, 1, 1], 'int32'))).toThrow(
      new ShapeError('segmentationCrossEntropy: expected shape [2, H, W] for labels, got [1, 1, 1]'));
    expect(() => segmentationCrossEntropy(logits, randomTensor(rng, [2, 3, 3]))).toThrow(
      new ShapeError('segmentationCrossEntropy: expected dtype int32 for labels, got float32'));
    expect(() => segmentationCrossEntropy(logits, labelMap([2, 3, 3], 4), { ohem: { minKept: 0 } })).toThrow(
      new ShapeError('segmentationCrossEntropy: expected a whole number of 1 or more for ohem.minKept, got 0'));
  });
});
