// Resizing and pooling of images by one matrix per axis, for backends without kernels of our own: a pixel of the result is a
// weighted sum of pixels of the source.

import { matMul, reshape, tensor3d } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

/** For each pixel of the result the source's pixels and their weights. A pixel may be named twice. */
type Rule = (result: number) => readonly (readonly [source: number, weight: number])[];

/** [B, H, W, C] to [B, h, w, C]. */
export function resample(x: Tensor, size: readonly [number, number], rule: (source: number, result: number) => Rule): Tensor {
  const [, height = 0, width = 0] = x.shape;
  return resampleAxes(x, size, rule(height, size[0]), rule(width, size[1]));
}

/** The same with a rule for each axis. */
export function resampleAxes(x: Tensor, size: readonly [number, number], row: Rule, column: Rule): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const rows = matrix(height, size[0], row);
  const columns = matrix(width, size[1], column);
  const tall = matMul(rows, reshape(x, [batch, height, width * channels])); // [B, h, W · C]
  const result = matMul(columns, reshape(tall, [batch * size[0], width, channels])); // [B · h, w, C]
  return reshape(result, [batch, ...size, channels]);
}

/** [1, result, source] */
function matrix(source: number, result: number, rule: Rule): Tensor3D {
  const values = new Float32Array(result * source);
  for (let i = 0; i < result; i++) {
    for (const [from, weight] of rule(i)) values[i * source + from]! += weight;
  }
  return tensor3d(values, [1, result, source]);
}

/** Where the middle of pixel `result` lies in the source. */
function place(result: number, sourceSize: number, resultSize: number, alignCorners: boolean): number {
  if (alignCorners) return resultSize === 1 ? 0 : result * (sourceSize - 1) / (resultSize - 1);
  return (result + 0.5) * sourceSize / resultSize - 0.5;
}

const within = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);

/** The two nearest pixels. */
export function bilinearRule(alignCorners: boolean) {
  return (source: number, result: number): Rule => (i) => {
    const at = Math.max(place(i, source, result, alignCorners), 0);
    const lower = Math.min(Math.floor(at), source - 1);
    const share = at - lower;
    return [[lower, 1 - share], [within(lower + 1, source), share]];
  };
}

/** The four nearest pixels, those outside repeated from the edge. Source: Keys, 1981, with a = -0.75 as torch has it. */
export function bicubicRule(alignCorners: boolean) {
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return (source: number, result: number): Rule => (i) => {
    const at = place(i, source, result, alignCorners);
    const lower = Math.floor(at);
    const share = at - lower;
    const weights = [far(share + 1), near(share), near(1 - share), far(2 - share)];
    return weights.map((weight, n) => [within(lower - 1 + n, source), weight] as const);
  };
}

/** The mean of the pixels that a result pixel covers, wholly or in part. */
export function averageRule(source: number, result: number): Rule {
  return (i) => {
    const begin = Math.floor(i * source / result), end = Math.ceil((i + 1) * source / result);
    return Array.from({ length: end - begin }, (_, n) => [begin + n, 1 / (end - begin)] as const);
  };
}
