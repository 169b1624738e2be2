// A backend without our kernels gets the same from every operation, by way of tfjs's own.

import { abs, scalar, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { accumulate, clear } from '../../src/ops/accumulate.ts';
import { adamW } from '../../src/ops/adamW.ts';
import { adaptiveAvgPool2d } from '../../src/ops/adaptiveAvgPool2d.ts';
import { addWindow } from '../../src/ops/addWindow.ts';
import { attention } from '../../src/ops/attention.ts';
import { batchNorm } from '../../src/ops/batchNorm.ts';
import { clipGradientNorm } from '../../src/ops/clipGradientNorm.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { convTranspose2d } from '../../src/ops/convTranspose2d.ts';
import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { addScaled } from '../../src/ops/dropPath.ts';
import type * as fused from '../../src/ops/fused.ts';
import { gelu } from '../../src/ops/gelu.ts';
import { layerNorm } from '../../src/ops/layerNorm.ts';
import { layerNormAdd } from '../../src/ops/layerNormAdd.ts';
import { linear } from '../../src/ops/linear.ts';
import { linearAdd } from '../../src/ops/linearAdd.ts';
import { maxPool2d } from '../../src/ops/maxPool2d.ts';
import { movingAverage } from '../../src/ops/movingAverage.ts';
import { msDeformAttn } from '../../src/ops/msDeformAttn.ts';
import { normLinear } from '../../src/ops/normLinear.ts';
import { normMlpAdd } from '../../src/ops/normMlpAdd.ts';
import { patchEmbed } from '../../src/ops/patchEmbed.ts';
import { resizeBicubic, resizeBilinear } from '../../src/ops/resize.ts';
import { segmentationCrossEntropy } from '../../src/ops/segmentationCrossEntropy.ts';
import { sgd } from '../../src/ops/sgd.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { randomTensor } from './gradientCheck.ts';

const kernels = vi.hoisted(() => ({ areThere: true }));
vi.mock('../../src/ops/fused.ts', async (original) => {
  const real = await original<typeof fused>();
  return { ...real, fusedKernel: (name: string) => kernels.areThere && real.fusedKernel(name) };
});

beforeAll(() => selectBackend());

/** The same random numbers on every call. */
function draw(): (...shape: number[]) => Tensor {
  const rng = new Rng(5);
  return (...shape) => randomTensor(rng, shape);
}

/** The results' values, with kernels and without. */
function both(run: () => readonly Tensor[]): (readonly (readonly [shape: number[], values: Float32Array])[])[] {
  return [true, false].map((areThere) => {
    kernels.areThere = areThere;
    try {
      return tidy(() => run().map((result) => [result.shape, result.dataSync<'float32'>().slice()] as const));
    } finally {
      kernels.areThere = true;
    }
  });
}

const rates = () => ({
  learningRate: scalar(0.1), learningRateScales: [1, 0.5], weightDecays: [0.2, 0], gradientScale: scalar(0.5),
});

/** Lists of two tensors, the first three of them variables. */
function lists(): { parameters: Variable[]; first: Variable[]; second: Variable[]; gradients: Tensor[] } {
  const next = draw();
  const two = () => [next(3, 2), next(4)];
  const held = () => two().map((one) => variable(abs(one)));
  return { parameters: held(), first: held(), second: held(), gradients: two() };
}

describe('without our kernels', () => {
  it.each<[string, () => readonly Tensor[]]>([
    ['accumulate, clear', () => {
      const { parameters, first, gradients } = lists();
      accumulate(parameters, gradients);
      clear(first);
      return [...parameters, ...first];
    }],
    ['adamW', () => {
      const { parameters, first, second, gradients } = lists();
      adamW({ parameters, firstMoments: first, secondMoments: second }, gradients, { ...rates(), step: scalar(3), eps: 0.01 });
      return [...parameters, ...first, ...second];
    }],
    ['sgd', () => {
      const { parameters, first, gradients } = lists();
      sgd({ parameters, momenta: first }, gradients, rates());
      return [...parameters, ...first];
    }],
    ['sgd with Nesterov momentum', () => {
      const { parameters, first, gradients } = lists();
      sgd({ parameters, momenta: first }, gradients, { ...rates(), momentum: 0.8, nesterov: true });
      return [...parameters, ...first];
    }],
    ['movingAverage', () => {
      const { parameters, first } = lists();
      movingAverage(first, parameters, 0.7);
      return first;
    }],
    ['clipGradientNorm', () => {
      const { scale, norm } = clipGradientNorm(lists().gradients, 0.5);
      return [scale, norm];
    }],
    ['clipGradientNorm of gradients as small as what is added to their norm', () => {
      const { scale, norm } = clipGradientNorm([tensor([0.6e-6, 0.8e-6])], 1e-6);
      return [scale, norm];
    }],
    ['adaptiveAvgPool2d', () => [adaptiveAvgPool2d(draw()(2, 5, 7, 3), [2, 3])]],
    ['addWindow', () => {
      const next = draw();
      const sums = variable(next(1, 4, 5, 2));
      addWindow(sums, next(1, 2, 3, 2), 1, 2);
      return [sums];
    }],
    ['attention', () => [attention(draw()(2, 5, 12), 2)]],
    ['batchNorm in training', () => {
      const next = draw();
      const [runningMean, runningVar] = [variable(next(3)), variable(abs(next(3)))];
      const y = batchNorm(next(2, 4, 5, 3), { gamma: next(3), beta: next(3), runningMean, runningVar }, { training: true });
      return [y, runningMean, runningVar];
    }],
    ['batchNorm with ReLU in evaluation', () => {
      const next = draw();
      const statistics = { runningMean: variable(next(3)), runningVar: variable(abs(next(3))) };
      return [batchNorm(next(2, 4, 5, 3), { gamma: next(3), beta: next(3), ...statistics }, { training: false, relu: true })];
    }],
    ['conv2d', () => { const next = draw(); return [conv2d(next(2, 5, 6, 4), next(6, 2, 3, 3), next(6), { stride: 2, padding: 1, groups: 2 })]; }],
    ['conv2d by channel', () => { const next = draw(); return [conv2d(next(2, 5, 6, 4), next(4, 1, 3, 3), next(4), { padding: 1, groups: 4 })]; }],
    ['conv2d, two maps of each channel', () => { const next = draw(); return [conv2d(next(2, 5, 6, 4), next(8, 1, 3, 3), next(8), { groups: 4 })]; }],
    ['convTranspose2d', () => { const next = draw(); return [convTranspose2d(next(2, 3, 4, 4), next(4, 3, 3, 3), next(3), { stride: 2, padding: 1 })]; }],
    ['crossEntropy', () => [crossEntropy(draw()(3, 4), tensor([0, 3, 2], [3], 'int32'), { labelSmoothing: 0.1 })]],
    ['crossEntropy of labels smoothed away', () => [crossEntropy(draw()(3, 4), tensor([0, 3, 2], [3], 'int32'), { labelSmoothing: 1 })]],
    ['addScaled', () => { const next = draw(); return [addScaled(next(3, 2, 4), next(3, 2, 4), next(3))]; }],
    ['gelu', () => [gelu(draw()(3, 5))]],
    ['layerNorm', () => { const next = draw(); return [layerNorm(next(2, 3, 4), next(4), next(4))]; }],
    ['layerNormAdd', () => { const next = draw(); return [layerNormAdd(next(2, 3, 4), next(4), next(4), next(3, 4))]; }],
    ['linear', () => { const next = draw(); return [linear(next(2, 3, 4), next(5, 4), next(5)), linear(next(2, 3, 4), next(5, 4))]; }],
    ['linearAdd', () => { const next = draw(); return [linearAdd(next(2, 3, 4), { weight: next(5, 4), bias: next(5) }, next(2, 3, 5))]; }],
    ['linearAdd, scaled', () => { const next = draw(); return [linearAdd(next(2, 3, 4), { weight: next(5, 4) }, next(2, 3, 5), next(2))]; }],
    ['maxPool2d', () => [maxPool2d(draw()(2, 5, 6, 3), { kernel: 3, stride: 2, padding: 1 })]],
    ['msDeformAttn', () => {
      const next = draw();
      const levels = [{ height: 2, width: 2 }, { height: 1, width: 3 }];
      return [msDeformAttn(next(2, 7, 2, 3), levels, next(2, 4, 2, 2, 2, 2), next(2, 4, 2, 2, 2))];
    }],
    ['normLinear', () => { const next = draw(); return [normLinear(next(2, 3, 4), { weight: next(4), bias: next(4), eps: 1e-3 }, { weight: next(5, 4), bias: next(5) })]; }],
    ['normLinear with an addend', () => {
      const next = draw();
      return [normLinear(next(2, 3, 4), { weight: next(4), bias: next(4), eps: 1e-3 }, { weight: next(5, 4) }, next(1, 3, 4))];
    }],
    ...[false, true].map((isScaled): [string, () => readonly Tensor[]] => [`normMlpAdd${isScaled ? ', scaled' : ''}`, () => {
      const next = draw();
      const [fc1, fc2] = [{ weight: next(6, 4), bias: next(6) }, { weight: next(4, 6), bias: next(4) }];
      return [normMlpAdd(next(2, 3, 4), { weight: next(4), bias: next(4), eps: 1e-3 }, fc1, fc2, isScaled ? next(2) : undefined)];
    }]),
    ['patchEmbed', () => { const next = draw(); return [patchEmbed(next(2, 4, 8, 3), next(5, 3, 4, 4), next(5))]; }],
    ['resizeBilinear', () => [resizeBilinear(draw()(1, 3, 4, 2), [7, 5])]],
    ['resizeBicubic', () => [resizeBicubic(draw()(1, 3, 4, 2), [7, 5])]],
    ['segmentationCrossEntropy', () => [segmentationCrossEntropy(draw()(1, 2, 2, 3), tensor([0, 1, 2, 255], [1, 2, 2], 'int32'))]],
    ['segmentationCrossEntropy of finer labels', () => {
      const labels = tensor(Array.from({ length: 16 }, (_, i) => (i === 5 ? 255 : i % 3)), [1, 4, 4], 'int32');
      return [segmentationCrossEntropy(draw()(1, 2, 2, 3), labels)];
    }],
  ])('%s gives the same', (name, run) => {
    const [withKernels, without] = both(run);
    for (const [i, [shape, values]] of withKernels!.entries()) {
      expect(without![i]![0]).toEqual(shape);
      expect(relativeError(without![i]![1], values)).toBeLessThan(1e-5);
      expect(values.some((value) => value !== 0) || name.includes('clear')).toBe(true);
    }
  });
});

describe('normMlpAdd without a bias, which has no kernel', () => {
  it('equals the one with biases of zero', () => {
    const run = (has: readonly [first: boolean, second: boolean], isScaled: boolean) => tidy(() => {
      const next = draw();
      const [x, weight, bias, w1, w2, scale] = [next(2, 3, 4), next(4), next(4), next(6, 4), next(4, 6), next(2)];
      const of = (w: Tensor, hasBias: boolean) => ({ weight: w, ...(hasBias && { bias: tensor(new Float32Array(w.shape[0])) }) });
      return normMlpAdd(x, { weight, bias, eps: 1e-3 }, of(w1, has[0]), of(w2, has[1]), isScaled ? scale : undefined).dataSync();
    });
    for (const isScaled of [false, true]) {
      const expected = run([true, true], isScaled);
      for (const has of [[false, false], [false, true], [true, false]] as const) {
        expect(relativeError(run(has, isScaled), expected)).toBeLessThan(1e-5);
      }
    }
  });
});
