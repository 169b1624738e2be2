// Kernels that draw. What tfjs-core itself draws in JavaScript (randomUniform, dropout) does not come here.

import { Multinomial } from '@tensorflow/tfjs-core';
import type { MultinomialAttrs, MultinomialInputs } from '@tensorflow/tfjs-core';
import { Rng } from '../../../random/rng.ts';
import { aten, binding } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';

const cumulate = aten('cumsum');
const draw = aten('multinomial');
const locate = aten('searchsorted', 'Tensor');
const clamp = aten('clamp');
const softmax = aten('softmax', 'int');

/** The same draw for the same seed: where uniform numbers fall in the running sum of the probabilities. */
function drawSeeded(probabilities: Handle, [rows, classes]: number[], count: number, seed: number, k: KernelContext): Handle {
  const rng = new Rng(seed);
  const points = Float32Array.from({ length: rows! * count }, () => rng.uniform());
  const uniform = binding().fromTypedArray(points, [rows!, count], 'float32', k.backend.device);
  // Rounding may leave the last sum below 1.
  return clamp(locate(cumulate(probabilities, -1, 'float32'), uniform, true, true), 0, classes! - 1);
}

export function registerRandomKernels(): void {
  torchKernel<MultinomialInputs, MultinomialAttrs>(Multinomial, ({ logits }, { numSamples, seed, normalized }, k) => {
    const probabilities = normalized ? k.handle(logits) : softmax(k.handle(logits), -1, 'float32');
    // tfjs-core puts a fraction where the caller gave no seed; libtorch's generator then draws, anew at each replay of a step.
    const drawn = Number.isInteger(seed)
      ? drawSeeded(probabilities, logits.shape, numSamples, seed, k)
      : draw(probabilities, numSamples, true);
    return k.out(castTo(drawn, 'int32'), 'int32');
  });
}
