// Kernels that draw. What tfjs-core itself draws in JavaScript (randomUniform, dropout) does not come here.

import { Multinomial } from '@tensorflow/tfjs-core';
import type { MultinomialAttrs, MultinomialInputs } from '@tensorflow/tfjs-core';
import { Rng } from '../../../random/rng.ts';
import { aten, binding } from '../binding.ts';
import { torchKernel } from '../kernel.ts';

const softmax = aten('softmax', 'int');

export function registerRandomKernels(): void {
  // logits or probabilities [rows, classes] -> classes drawn [rows, numSamples]. The same seed draws the same, as tfjs has it
  // (where the caller gave none, tfjs-core has put a random fraction), so a step that is compiled must not: it would draw the
  // same at every replay. Reading the probabilities makes it refuse.
  torchKernel<MultinomialInputs, MultinomialAttrs>(Multinomial, ({ logits }, { numSamples, seed, normalized }, k) => {
    const [rows, classes] = logits.shape as [number, number];
    const rng = new Rng(Math.floor(seed), Math.floor((seed - Math.floor(seed)) * 2 ** 32));
    const probabilities = normalized
      ? k.values(logits)
      : new Float32Array(binding().read(softmax(k.handle(logits), -1, 'float32')));
    const drawn = new Int32Array(rows * numSamples);
    for (let i = 0; i < drawn.length; i++) {
      const offset = Math.floor(i / numSamples) * classes;
      let left = rng.uniform();
      let chosen = 0;
      // The last class takes what rounding leaves.
      while (chosen < classes - 1 && left >= probabilities[offset + chosen]!) left -= probabilities[offset + chosen++]!;
      drawn[i] = chosen;
    }
    return k.outValues(drawn, [rows, numSamples], 'int32');
  });
}
