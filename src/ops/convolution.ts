// What convolution and transposed convolution share on the torch backend: one kernel, one gradient, the check of numbers.

import { registerGradient } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { runFused, runFusedList } from './fused.ts';

/** The same for both spatial axes. */
export type ConvolutionGeometry = Readonly<Record<'stride' | 'padding' | 'dilation' | 'groups', number>>;

interface ConvolutionKind {
  readonly transposed: boolean;
  /** Whether the result is stored as bfloat16. */
  readonly reduced: boolean;
}

/** The kernel; `weight` is [O, I / groups, kh, kw], or [I, O, kh, kw] of a transposed convolution. */
export function convolve(
  x: Tensor, weight: Tensor, bias: Tensor | undefined, geometry: ConvolutionGeometry, kind: ConvolutionKind,
): Tensor {
  return runFused('MpvgConvolution', { x, weight, ...(bias && { bias }) }, { ...geometry, ...kind, bias: bias !== undefined });
}

/** @throws ShapeError unless the numbers are whole; the padding may be 0 */
export function checkGeometry(where: string, { padding, ...counts }: ConvolutionGeometry): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1) throw new ShapeError(`${where}: expected a whole number of 1 or more for ${name}, got ${value}`);
  }
  if (!Number.isInteger(padding) || padding < 0) throw new ShapeError(`${where}: expected a whole number of 0 or more for padding, got ${padding}`);
}

registerGradient({
  kernelName: 'MpvgConvolution',
  inputsToSave: ['x', 'weight'],
  gradFunc: (dy, saved, attributes) => {
    const [x, weight] = saved as [Tensor, Tensor];
    const geometry = attributes as Record<string, number | boolean>;
    // Of a weight only its shape is read here, of x only what the weight's gradient needs.
    const [dWeight, dBias] = runFusedList('MpvgConvolutionGradWeight', { dy: dy as Tensor, x, weight }, geometry);
    return {
      // Only who asks for the gradient of the pixels pays for it.
      x: () => runFused('MpvgConvolutionGradInput', { dy: dy as Tensor, weight }, { ...geometry, xShape: x.shape }),
      weight: () => dWeight!,
      bias: () => dBias!,
    };
  },
});
