// What the operations refuse: shapes that do not fit, numbers out of range, named by function and parameter.

import { ones, scalar, variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { accumulate } from '../../src/ops/accumulate.ts';
import { adamW } from '../../src/ops/adamW.ts';
import { adaptiveAvgPool2d } from '../../src/ops/adaptiveAvgPool2d.ts';
import { addWindow } from '../../src/ops/addWindow.ts';
import { attention } from '../../src/ops/attention.ts';
import { batchNorm } from '../../src/ops/batchNorm.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { convTranspose2d } from '../../src/ops/convTranspose2d.ts';
import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { layerNorm } from '../../src/ops/layerNorm.ts';
import { layerNormAdd } from '../../src/ops/layerNormAdd.ts';
import { linearAdd } from '../../src/ops/linearAdd.ts';
import { maxPool2d } from '../../src/ops/maxPool2d.ts';
import { movingAverage } from '../../src/ops/movingAverage.ts';
import { msDeformAttn } from '../../src/ops/msDeformAttn.ts';
import { normLinear } from '../../src/ops/normLinear.ts';
import { normMlpAdd } from '../../src/ops/normMlpAdd.ts';
import { patchEmbed } from '../../src/ops/patchEmbed.ts';
import { scaleOutputs } from '../../src/ops/scaleOutputs.ts';
import { segmentationCrossEntropy } from '../../src/ops/segmentationCrossEntropy.ts';
import { sgd } from '../../src/ops/sgd.ts';
import { windowAttention } from '../../src/ops/windowAttention.ts';

beforeAll(() => selectBackend());

const v = (shape: number[]): Variable => variable(zeros(shape));
const norm = (channels: number) => ({ weight: ones([channels]), bias: zeros([channels]), eps: 1e-6 });
const layer = (outputs: number, inputs: number) => ({ weight: zeros([outputs, inputs]), bias: zeros([outputs]) });
const rates = () => ({ learningRate: scalar(1), learningRateScales: [1], weightDecays: [0] });
const normalised = (x: number[], { gamma = 4, beta = 4 } = {}) => batchNorm(zeros(x), {
  gamma: ones([gamma]), beta: zeros([beta]), runningMean: v([4]), runningVar: v([4]),
}, { training: false });

describe('operations refuse', () => {
  it.each<[string, () => unknown]>([
    ['accumulate: expected 1 tensors for gradients, as for sums, got 2', () => { accumulate([v([2])], [zeros([2]), zeros([2])]); }],
    ['accumulate: expected shape [2] for gradients[0], got [3]', () => { accumulate([v([2])], [zeros([3])]); }],
    ['adamW: expected shape [2] for firstMoments[0], got [3]', () => {
      const state = { parameters: [v([2])], firstMoments: [v([3])], secondMoments: [v([2])] };
      adamW(state, [zeros([2])], { ...rates(), step: scalar(1) });
    }],
    ['sgd: expected shape [2] for momenta[0], got [3]', () => { sgd({ parameters: [v([2])], momenta: [v([3])] }, [zeros([2])], rates()); }],
    ['movingAverage: expected 1 tensors for parameters, as for averages, got 0', () => { movingAverage([v([2])], [], 0.5); }],
    ['adaptiveAvgPool2d: expected', () => adaptiveAvgPool2d(zeros([4, 4, 2]), [2, 2])],
    ['addWindow: expected shape [B, H, W, C] for sums, got [4, 4, 2]', () => { addWindow(v([4, 4, 2]), zeros([4, 1, 1, 2]), 0, 0); }],
    ['addWindow: expected a window inside 4 x 4 pixels, got 2 x 2 at (-1, 0)', () => { addWindow(v([1, 4, 4, 2]), zeros([1, 2, 2, 2]), -1, 0); }],
    ['addWindow: expected a window inside 4 x 4 pixels, got 2 x 2 at (0, -1)', () => { addWindow(v([1, 4, 4, 2]), zeros([1, 2, 2, 2]), 0, -1); }],
    ['addWindow: expected a window inside 4 x 4 pixels, got 2 x 2 at (3, 0)', () => { addWindow(v([1, 4, 4, 2]), zeros([1, 2, 2, 2]), 3, 0); }],
    ['addWindow: expected a window inside 4 x 4 pixels, got 2 x 2 at (0, 3)', () => { addWindow(v([1, 4, 4, 2]), zeros([1, 2, 2, 2]), 0, 3); }],
    ['attention: expected shape [B, N, 3C] for qkv, got [2, 12]', () => attention(zeros([2, 12]), 2)],
    ['attention: expected shape [1 or 2, 2, 3, 3] for bias, got [3, 2, 3, 3]', () => attention(zeros([2, 3, 12]), 2, { bias: zeros([3, 2, 3, 3]) })],
    ['attention: expected shape [1 or 2, 2, 3, 3] for bias, got [1, 1, 2, 3, 3]', () => attention(zeros([2, 3, 12]), 2, { bias: zeros([1, 1, 2, 3, 3]) })],
    ['windowAttention: expected a positive integer for window, got 1.5', () => windowAttention(zeros([1, 6, 12]), 2, { height: 2, width: 3 }, 1.5)],
    ['batchNorm: expected shape [4] for gamma, got [3]', () => normalised([2, 4], { gamma: 3 })],
    ['batchNorm: expected shape [4] for beta, got [3]', () => normalised([2, 4], { beta: 3 })],
    ['conv2d: expected shape [B, H, W, I] for x, got [4, 4, 3]', () => conv2d(zeros([4, 4, 3]), zeros([2, 3, 3, 3]))],
    ['conv2d: expected an image that holds the 3 x 1 kernel for x, got 2 x 5', () => conv2d(zeros([1, 2, 5, 1]), zeros([1, 1, 3, 1]))],
    ['conv2d: expected an image that holds the 1 x 3 kernel for x, got 5 x 2', () => conv2d(zeros([1, 5, 2, 1]), zeros([1, 1, 1, 3]))],
    ['conv2d: expected an image that holds the 4 x 4 kernel for x, got 1 x 9', () => conv2d(zeros([1, 1, 9, 1]), zeros([1, 1, 4, 4]), undefined, { padding: 1 })],
    ['conv2d: expected an image that holds the 4 x 4 kernel for x, got 9 x 1', () => conv2d(zeros([1, 9, 1, 1]), zeros([1, 1, 4, 4]), undefined, { padding: 1 })],
    ['convTranspose2d: expected shape [B, H, W, I] for x, got [4, 4, 3]', () => convTranspose2d(zeros([4, 4, 3]), zeros([4, 3, 2, 2]))],
    ['convTranspose2d: expected shape [2] for bias, got [3]', () => convTranspose2d(zeros([1, 2, 2, 3]), zeros([3, 2, 2, 2]), zeros([3]))],
    ['convTranspose2d: expected a whole number of 1 or more for stride, got 0', () => convTranspose2d(zeros([1, 2, 2, 3]), zeros([3, 2, 2, 2]), undefined, { stride: 0 })],
    // (2 - 1) · 2 + 2 = 4 rows; 4 - 2 · 2 leaves none. Columns: (4 - 1) · 2 + 2 = 8 are left 4.
    ['convTranspose2d: expected a padding that leaves something of 2 x 4 pixels, got 2',
      () => convTranspose2d(zeros([1, 2, 4, 1]), zeros([1, 1, 2, 2]), undefined, { stride: 2, padding: 2 })],
    ['convTranspose2d: expected a padding that leaves something of 4 x 2 pixels, got 2',
      () => convTranspose2d(zeros([1, 4, 2, 1]), zeros([1, 1, 2, 2]), undefined, { stride: 2, padding: 2 })],
    ['crossEntropy: expected shape [B, K] for logits, got [4]', () => crossEntropy(zeros([4]), zeros([4], 'int32'))],
    ['crossEntropy: expected', () => crossEntropy(zeros([2, 4]), zeros([2], 'int32'), { labelSmoothing: 1.5 })],
    ['layerNorm: expected shape [..., C] for x, got []', () => layerNorm(scalar(1), zeros([1]), zeros([1]))],
    ['layerNormAdd: expected shape [B, N, C] for x, got [3, 4]', () => layerNormAdd(zeros([3, 4]), ones([4]), zeros([4]), zeros([3, 4]))],
    ['layerNormAdd: expected shape [4] for weight, got [3]', () => layerNormAdd(zeros([1, 3, 4]), ones([3]), zeros([4]), zeros([3, 4]))],
    ['layerNormAdd: expected shape [4] for bias, got [3]', () => layerNormAdd(zeros([1, 3, 4]), ones([4]), zeros([3]), zeros([3, 4]))],
    ['layerNormAdd: expected shape [1 or 1, 3, 4] for addend, got [1, 1, 3, 4]', () => layerNormAdd(zeros([1, 3, 4]), ones([4]), zeros([4]), zeros([1, 1, 3, 4]))],
    ['linearAdd: expected shape [B, N, in] for x, got [3, 4]', () => linearAdd(zeros([3, 4]), layer(2, 4), zeros([3, 2]))],
    ['maxPool2d: expected shape [B, H, W, C] for x, got [4, 4, 2]', () => maxPool2d(zeros([4, 4, 2]), { kernel: 2 })],
    ['maxPool2d: expected a whole number of 1 or more for kernel, got 0', () => maxPool2d(zeros([1, 4, 4, 2]), { kernel: 0, stride: 1 })],
    ['maxPool2d: expected a whole number of 1 or more for stride, got 1.5', () => maxPool2d(zeros([1, 4, 4, 2]), { kernel: 2, stride: 1.5 })],
    ['maxPool2d: expected a whole number in 0 … 1 for padding, got 0.5', () => maxPool2d(zeros([1, 4, 4, 2]), { kernel: 3, padding: 0.5 })],
    ['maxPool2d: expected a whole number in 0 … 1 for padding, got 2', () => maxPool2d(zeros([1, 4, 4, 2]), { kernel: 2, padding: 2 })],
    ['maxPool2d: expected an image that holds the 3 x 3 window for x, got 2 x 4', () => maxPool2d(zeros([1, 2, 4, 2]), { kernel: 3 })],
    ['maxPool2d: expected an image that holds the 3 x 3 window for x, got 4 x 2', () => maxPool2d(zeros([1, 4, 2, 2]), { kernel: 3 })],
    ['maxPool2d: expected an image that holds the 6 x 6 window for x, got 3 x 3', () => maxPool2d(zeros([1, 3, 3, 2]), { kernel: 6, padding: 1 })],
    ['msDeformAttn: expected shape [B, S, M, D] for value, got [4, 1, 2]',
      () => msDeformAttn(zeros([4, 1, 2]), [{ height: 1, width: 1 }], zeros([4, 1, 2, 1, 1, 2]), zeros([4, 1, 2, 1, 1]))],
    ['normLinear: expected shape [B, N, C] for x, got [3, 4]', () => normLinear(zeros([3, 4]), norm(4), layer(2, 4))],
    ['normLinear: expected shape [1 or B, 3, 4] for addend, got [3, 4]', () => normLinear(zeros([1, 3, 4]), norm(4), layer(2, 4), zeros([3, 4]))],
    ['normLinear: expected shape [4] for norm.weight, got [3]', () => normLinear(zeros([1, 3, 4]), { ...norm(4), weight: ones([3]) }, layer(2, 4))],
    ['normMlpAdd: expected shape [B, N, C] for x, got [3, 4]', () => normMlpAdd(zeros([3, 4]), norm(4), layer(8, 4), layer(4, 8))],
    ['normMlpAdd: expected shape [4] for norm.bias, got [3]', () => normMlpAdd(zeros([1, 3, 4]), { ...norm(4), bias: zeros([3]) }, layer(8, 4), layer(4, 8))],
    ['normMlpAdd: expected shape [2] for scale, got [1]', () => normMlpAdd(zeros([2, 3, 4]), norm(4), layer(8, 4), layer(4, 8), zeros([1]))],
    ['patchEmbed: expected shape [D, 3, p, p] for weight, got [2, 3, 4]', () => patchEmbed(zeros([1, 4, 4, 3]), zeros([2, 3, 4]), zeros([2]))],
    ['patchEmbed: expected shape [2] for bias, got [3]', () => patchEmbed(zeros([1, 4, 4, 3]), zeros([2, 3, 4, 4]), zeros([3]))],
    ['scaleOutputs: expected shape [out, in] for weight, got [4]', () => scaleOutputs({ weight: zeros([4]) }, zeros([4]))],
    ['segmentationCrossEntropy: expected shape [B, h, w, K] for logits, got [4, 4, 2]',
      () => segmentationCrossEntropy(zeros([4, 4, 2]), zeros([4, 4, 4], 'int32'))],
  ])('%s', (message, run) => {
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(message);
  });
});

describe('operations take what just fits', () => {
  it.each<[string, () => Tensor, number[]]>([
    ['a kernel as large as the image', () => conv2d(zeros([1, 3, 4, 1]), zeros([1, 1, 3, 4])), [1, 1, 1, 1]],
    ['a kernel as large as the padded image', () => conv2d(zeros([1, 1, 2, 1]), zeros([1, 1, 3, 4]), undefined, { padding: 1 }), [1, 1, 1, 1]],
    ['a padding that leaves one pixel', () => convTranspose2d(zeros([1, 2, 2, 1]), zeros([1, 1, 3, 3]), undefined, { stride: 2, padding: 2 }), [1, 1, 1, 1]],
    ['a window as large as the image', () => maxPool2d(zeros([1, 3, 3, 2]), { kernel: 3 }), [1, 1, 1, 2]],
    ['a padding of half the window', () => maxPool2d(zeros([1, 2, 2, 1]), { kernel: 4, padding: 2 }), [1, 1, 1, 1]],
    ['windows of one pixel', () => maxPool2d(zeros([1, 2, 2, 1]), { kernel: 1 }), [1, 2, 2, 1]],
    ['attention windows of one token', () => windowAttention(zeros([1, 6, 12]), 2, { height: 2, width: 3 }, 1), [1, 6, 4]],
    ['a label smoothed away', () => crossEntropy(zeros([2, 4]), zeros([2], 'int32'), { labelSmoothing: 1 }), []],
    ['a bias of scores for all samples', () => attention(zeros([2, 3, 12]), 2, { bias: zeros([1, 2, 3, 3]) }), [2, 3, 4]],
    ['a bias of scores for each sample', () => attention(zeros([2, 3, 12]), 2, { bias: zeros([2, 2, 3, 3]) }), [2, 3, 4]],
  ])('%s', (_what, run, shape) => {
    expect(run().shape).toEqual(shape);
  });
});
