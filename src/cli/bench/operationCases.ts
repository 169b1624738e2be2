// The operations that `mpvg bench deform` and `mpvg bench convolution` time, at the sizes that ViT-Adapter-Ti and UperNet have
// for images of 512 x 512. bench/operations/torch_operations.py has the same under the same names.

import { concat, fill, reshape, slice, variable } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { adaptiveAvgPool2d } from '../../ops/adaptiveAvgPool2d.ts';
import { batchNorm, type BatchNormTensors } from '../../ops/batchNorm.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { convTranspose2d } from '../../ops/convTranspose2d.ts';
import { maxPool2d } from '../../ops/maxPool2d.ts';
import { msDeformAttn } from '../../ops/msDeformAttn.ts';
import { resizeBilinear } from '../../ops/resize.ts';
import { segmentationCrossEntropy } from '../../ops/segmentationCrossEntropy.ts';

/** One tensor of a case. */
interface OperationInput {
  readonly shape: readonly number[];
  /** Value i; default noise. */
  readonly values?: (i: number) => number;
  readonly dtype?: 'float32' | 'int32';
  /** Whether its gradient is taken; default true. */
  readonly gradient?: boolean;
  /** Whether it is images, NHWC, which PyTorch gets as NCHW; default false. */
  readonly image?: boolean;
}

export interface OperationCase {
  readonly title: string;
  /** Of the function in torch_operations.py. */
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly inputs: readonly OperationInput[];
  /** Whether the result is images, NHWC. */
  readonly imageResult: boolean;
  readonly run: (inputs: Tensor[]) => Tensor;
}

type Size = readonly [height: number, width: number];

const pyramid: readonly Size[] = [[64, 64], [32, 32], [16, 16]];
const pixelsOf = (sizes: readonly Size[]): number => sizes.reduce((sum, [height, width]) => sum + height * width, 0);

/** Queries on grids, each looking a few pixels around its place. */
function deform(title: string, maps: readonly Size[], queries: readonly Size[], batch: number): OperationCase {
  const heads = 6, depth = 32, points = 4;
  const count = pixelsOf(queries);
  const centres = queries.flatMap(([height, width]) => Array.from({ length: height * width }, (_, i) =>
    [(i % width + 0.5) / width, (Math.floor(i / width) + 0.5) / height] as const));
  const perQuery = heads * maps.length * points * 2;
  const location = (i: number): number => {
    const axis = i % 2;
    const [height, width] = maps[Math.floor(i / (2 * points)) % maps.length]!;
    return centres[Math.floor(i / perQuery) % count]![axis]! + 3 * noise(i) / (axis === 0 ? width : height);
  };
  const levels = maps.map(([height, width]) => ({ height, width }));
  return {
    title: `${title}, batch ${batch}`,
    name: 'deform',
    settings: { levels: maps },
    inputs: [
      { shape: [batch, pixelsOf(maps), heads, depth] },
      { shape: [batch, count, heads, maps.length, points, 2], values: location },
      { shape: [batch, count, heads, maps.length, points], values: (i) => (1 + noise(i)) / points },
    ],
    imageResult: false,
    run: ([value, locations, weights]) => msDeformAttn(value!, levels, locations!, weights!),
  };
}

export const deformCases: readonly OperationCase[] = [
  deform('injector: 1024 queries, maps 64², 32², 16²', pyramid, [[32, 32]], 2),
  deform('extractor: 5376 queries, map 32²', [[32, 32]], pyramid, 2),
];

/** A value in [-1, 1) for each index, the same on both sides. */
export function noise(i: number): number {
  const mixed = Math.imul(i + 1, 0x9e3779b1) ^ (i >>> 7);
  return ((Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 8) & 0xffff) / 0x8000 - 1;
}

interface Convolution {
  readonly kernel: number;
  readonly stride?: number;
  readonly bias?: boolean;
  readonly imageGradient?: boolean;
}

function convolution(
  title: string,
  [batch, side, inputs, outputs]: readonly [number, number, number, number],
  { kernel, stride = 1, bias = false, imageGradient = true }: Convolution,
): OperationCase {
  const settings = { stride, padding: (kernel - 1) / 2, groups: 1 };
  return {
    title: `${title}: ${kernel} x ${kernel}${stride > 1 ? ` / ${stride}` : ''}, ${inputs} to ${outputs}, ${side}², batch ${batch}`,
    name: 'convolution',
    settings,
    inputs: [
      { shape: [batch, side, side, inputs], image: true, gradient: imageGradient },
      { shape: [outputs, inputs, kernel, kernel] },
      ...(bias ? [{ shape: [outputs] }] : []),
    ],
    imageResult: true,
    run: ([x, weight, offset]) => conv2d(x!, weight!, offset, settings),
  };
}

const images = (shape: readonly number[]): OperationInput => ({ shape, image: true });

/** @param batch images */
export function convolutionCases(batch: number): readonly OperationCase[] {
  const channels = 512;
  let made: Statistics | undefined;
  const norm = (x: Tensor, gamma: Tensor, beta: Tensor): Tensor =>
    batchNorm(x, { gamma, beta, ...(made ??= statistics(channels)) }, { training: true, relu: true });
  const convNormRelu = (side: number, inputs: number, kernel: number): OperationCase => ({
    title: `${kernel} x ${kernel} convolution, norm, ReLU: ${inputs} to ${channels}, ${side}², batch ${batch}`,
    name: 'convNormRelu',
    settings: { padding: (kernel - 1) / 2 },
    inputs: [
      images([batch, side, side, inputs]), { shape: [channels, inputs, kernel, kernel] },
      { shape: [channels] }, { shape: [channels] },
    ],
    imageResult: true,
    run: ([x, weight, gamma, beta]) => norm(conv2d(x!, weight!, undefined, { padding: (kernel - 1) / 2 }), gamma!, beta!),
  });
  const hidden = 48;
  return [
    convolution('stem', [batch, 512, 3, 64], { kernel: 3, stride: 2, imageGradient: false }),
    convolution('stem', [batch, 256, 64, 64], { kernel: 3 }),
    convolution('conv2', [batch, 128, 64, 128], { kernel: 3, stride: 2 }),
    convolution('conv3', [batch, 64, 128, 256], { kernel: 3, stride: 2 }),
    convolution('fc1', [batch, 128, 64, 192], { kernel: 1, bias: true }),
    {
      title: `depthwise 3 x 3 of tokens, ${hidden} channels, 64², 32², 16², batch ${batch}`,
      name: 'tokenConvolution',
      settings: { grids: pyramid },
      inputs: [{ shape: [batch, pixelsOf(pyramid), hidden] }, { shape: [hidden, 1, 3, 3] }, { shape: [hidden] }],
      imageResult: false,
      run: ([tokens, weight, bias]) => tokenConvolution(tokens!, weight!, bias!),
    },
    {
      title: `up: transposed 2 x 2 / 2, 192 to 192, 64², batch ${batch}`,
      name: 'transposed',
      settings: { stride: 2 },
      inputs: [images([batch, 64, 64, 192]), { shape: [192, 192, 2, 2] }, { shape: [192] }],
      imageResult: true,
      run: ([x, weight, bias]) => convTranspose2d(x!, weight!, bias, { stride: 2 }),
    },
    {
      title: `max pooling 3 x 3 / 2, 64 channels, 256², batch ${batch}`,
      name: 'maxPool',
      settings: {},
      inputs: [images([batch, 256, 256, 64])],
      imageResult: true,
      run: ([x]) => maxPool2d(x!, { kernel: 3, stride: 2, padding: 1 }),
    },
    {
      title: `norm, ReLU: 512 channels, 128², batch ${batch}`,
      name: 'normRelu',
      settings: {},
      inputs: [images([batch, 128, 128, channels]), { shape: [channels] }, { shape: [channels] }],
      imageResult: true,
      run: ([x, gamma, beta]) => norm(x!, gamma!, beta!),
    },
    {
      title: `resizing 64² to 128², 512 channels, batch ${batch}`,
      name: 'resize',
      settings: { size: [128, 128] },
      inputs: [images([batch, 64, 64, channels])],
      imageResult: true,
      run: ([x]) => resizeBilinear(x!, [128, 128]),
    },
    {
      title: `average pooling 16² to 6², 192 channels, batch ${batch}`,
      name: 'averagePool',
      settings: { size: [6, 6] },
      inputs: [images([batch, 16, 16, 192])],
      imageResult: true,
      run: ([x]) => adaptiveAvgPool2d(x!, [6, 6]),
    },
    convNormRelu(128, 192, 1),
    convNormRelu(16, 2240, 3),
    convNormRelu(32, 512, 3),
    convNormRelu(64, 512, 3),
    convNormRelu(128, 512, 3),
    convNormRelu(128, 2048, 3),
    {
      title: `loss: logits of 150 classes 128² to 512², batch ${batch}`,
      name: 'segmentationLoss',
      settings: {},
      inputs: [
        images([batch, 128, 128, 150]),
        { shape: [batch, 512, 512], dtype: 'int32', values: (i) => (i % 11 === 0 ? 255 : Math.floor(i / 97) % 150), gradient: false },
      ],
      imageResult: false,
      run: ([logits, labels]) => segmentationCrossEntropy(logits!, labels!),
    },
  ];
}

type Statistics = Pick<BatchNormTensors, 'runningMean' | 'runningVar'>;

/** What training moves; kept, as a model keeps it. */
function statistics(channels: number): Statistics {
  const made = (value: number) => variable(fill([channels], value), false);
  return { runningMean: made(0), runningVar: made(1) };
}

function tokenConvolution(tokens: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [batch = 0, , hidden = 0] = tokens.shape;
  let start = 0;
  return concat(pyramid.map(([height, width]) => {
    const part = reshape(slice(tokens, [0, start, 0], [batch, height * width, hidden]), [batch, height, width, hidden]);
    start += height * width;
    return reshape(conv2d(part, weight, bias, { padding: 1, groups: hidden }), [batch, height * width, hidden]);
  }), 1);
}
