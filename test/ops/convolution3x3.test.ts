// Winograd's convolution, which conv2d takes on the CPU for 3 x 3 kernels over enough channels and pixels, against libtorch's.

import { tensor4d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { setComputeType } from '../../src/ops/computeType.ts';
import { conv2d, conv2dComposed } from '../../src/ops/conv2d.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const options = { padding: 1 };
const ours = (...[x, weight, bias]: Tensor[]) => conv2d(x!, weight!, bias, options);
const theirs = (...[x, weight, bias]: Tensor[]) => conv2dComposed(x!, weight!, bias, options);

describe('conv2d with 3 x 3 kernels over many channels', () => {
  const sizes: [batch: number, height: number, width: number, inputs: number, outputs: number][] = [
    [1, 16, 16, 16, 16],
    [2, 17, 18, 24, 40], // tiles that reach over the edge, channels of different number
    [1, 3, 70, 16, 32], // less than a tile high
    [3, 30, 29, 64, 16],
    [1, 68, 69, 264, 16], // more tiles than one product or one sum takes, more channels than one block
  ];

  it.each(sizes)('equals the direct one, gradients too: %i x %i x %i, %i to %i', (batch, height, width, inputs, outputs) => {
    const rng = new Rng(batch, height, inputs);
    const [x, weight] = [randomTensor(rng, [batch, height, width, inputs]), randomTensor(rng, [outputs, inputs, 3, 3], 0.1)];
    const given = [x, weight, randomTensor(rng, [outputs])];
    for (const tensors of [given, given.slice(0, 2)]) {
      const expected = outputAndGradients(theirs, tensors);
      outputAndGradients(ours, tensors).forEach((values, i) => expect(relativeError(values, expected[i]!)).toBeLessThan(1e-5));
    }
  });

  it.each([['many', 32], ['few', 8]])('stores bfloat16 where layers compute in it, close to float32: %s channels', (_name, channels) => {
    const rng = new Rng(5);
    const inputs = [randomTensor(rng, [2, 18, 17, channels]), randomTensor(rng, [24, channels, 3, 3]), randomTensor(rng, [24])];
    const reducible = (...[x, weight, bias]: Tensor[]) => conv2d(x!, weight!, bias, { padding: 1, reducible: true });
    const exact = outputAndGradients(ours, inputs);
    expect(outputAndGradients(reducible, inputs)).toEqual(exact);
    setComputeType('bfloat16');
    try {
      // Half a unit of eight bits.
      const [y, ...gradients] = outputAndGradients(reducible, inputs);
      const error = relativeError(y!, exact[0]!);
      expect([error > 1e-4, error < 2 ** -8]).toEqual([true, true]);
      gradients.forEach((values, i) => expect(relativeError(values, exact[i + 1]!)).toBeLessThan(1e-5));
      // What came out is read by the next one as it is stored.
      const mixing = randomTensor(rng, [24, 24, 3, 3], 0.1);
      const twice = (...given: Tensor[]) => conv2d(reducible(...given), mixing, undefined, { padding: 1 });
      const reduced = outputAndGradients(twice, inputs);
      setComputeType('float32');
      outputAndGradients(twice, inputs).forEach((values, i) => expect(relativeError(reduced[i]!, values)).toBeLessThan(0.01));
    } finally {
      setComputeType('float32');
    }
  });

  it('has the gradient of finite differences', () => {
    const rng = new Rng(2);
    const inputs = [randomTensor(rng, [1, 13, 15, 16]), randomTensor(rng, [24, 16, 3, 3]), randomTensor(rng, [24])];
    expect(Math.max(...gradientErrors(ours, inputs))).toBeLessThan(1e-4);
  });

  it('says so where a pixel is not a number', () => {
    const rng = new Rng(3);
    const values = Float32Array.from({ length: 24 * 24 * 16 }, () => rng.normal());
    values[(24 * 10 + 10) * 16] = NaN;
    const y = ours(tensor4d(values, [1, 24, 24, 16]), randomTensor(rng, [16, 16, 3, 3])).dataSync<'float32'>();
    const isNaNAt = (row: number, column: number) => Number.isNaN(y[(24 * row + column) * 16]);
    for (const [row, column] of [[9, 9], [10, 10], [11, 11]] as const) expect(isNaNAt(row, column)).toBe(true);
    // Its tile's neighbours share the patch; further away nothing does.
    for (const [row, column] of [[3, 10], [10, 3], [18, 10], [10, 18]] as const) expect(isNaNAt(row, column)).toBe(false);
  });

  it('gives the same bits again, and as a step program', async () => {
    const rng = new Rng(4);
    const inputs = [randomTensor(rng, [2, 33, 20, 32]), randomTensor(rng, [32, 32, 3, 3])];
    const first = ours(...inputs).dataSync<'float32'>().slice();
    expect(ours(...inputs).dataSync()).toEqual(first);
    const step = new CompiledStep((...given) => [ours(...given)]);
    for (let i = 0; i < 2; i++) expect(await (await step.run(inputs))[0]!.data()).toEqual(first);
    step.dispose();
  });
});
