// Initial values of parameters. Each is a function of a shape and a random stream; weights have torch's layout, so the fan-in
// of [out, in, kh, kw] is in · kh · kw.

import type { Rng } from '../random/rng.ts';

/** Makes the initial values, row-major, of a parameter of this shape. */
export type Initialiser = (shape: readonly number[], rng: Rng) => Float32Array;

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** All 0. */
export const zeros: Initialiser = (shape) => new Float32Array(countOf(shape));

/** All 1. */
export const ones: Initialiser = (shape) => new Float32Array(countOf(shape)).fill(1);

/** Uniform in [-bound, bound). */
export function uniform(bound: number): Initialiser {
  return (shape, rng) => new Float32Array(countOf(shape)).map(() => rng.uniform(-bound, bound));
}

/** Normal with mean 0. */
export function normal(std: number): Initialiser {
  return (shape, rng) => new Float32Array(countOf(shape)).map(() => std * rng.normal());
}

/**
 * Normal with mean 0, values outside [min, max] drawn again. As in timm and torch the limits are values, not multiples of
 * `std`: with the usual 0.02 they are a hundred deviations away.
 */
export function truncatedNormal(std: number, min = -2, max = 2): Initialiser {
  return (shape, rng) => new Float32Array(countOf(shape)).map(() => {
    let value: number;
    do value = std * rng.normal(); while (value < min || value > max);
    return value;
  });
}

/** Variance 2 / (fan-in + fan-out). Source: Glorot and Bengio, 2010. */
export const xavierUniform: Initialiser = (shape, rng) => uniform(Math.sqrt(6 / (fans(shape).in + fans(shape).out)))(shape, rng);

/**
 * Variance 2 / ((1 + slope²) fan-in). torch's own default for linear layers and convolutions is slope √5: within ±1/√fan-in.
 * Source: He et al., 2015.
 */
export function kaimingUniform(slope = 0): Initialiser {
  return (shape, rng) => uniform(Math.sqrt(6 / ((1 + slope ** 2) * fans(shape).in)))(shape, rng);
}

/**
 * Normal with mean 0 and variance 2 / fan-out, the fan-out of a convolution with groups being that of one group: what mmcv and
 * the ViT-Adapter repository give to convolutions. Source: He et al., 2015.
 */
export function kaimingNormalFanOut(groups = 1): Initialiser {
  return (shape, rng) => normal(Math.sqrt((2 * groups) / fans(shape).out))(shape, rng);
}

function fans(shape: readonly number[]): { in: number; out: number } {
  const [outputs = 1, inputs = 1, ...kernel] = shape;
  return { in: inputs * countOf(kernel), out: outputs * countOf(kernel) };
}
