// image_ops.safetensors against our operations: its images are NCHW, its gradients those of sum(output · linspace(-1, 1)).

import { engine, linspace, reshape, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { readReference, relativeError } from '../reference.ts';

/**
 * The errors of an operation on `input.x` and parameters, by what they are of: `output`, `grad.x`, `grad.weight` …
 *
 * @param name of the case
 * @param run from NHWC images and the parameters to NHWC images
 * @param parameters their suffixes, as in `input.<from>.<suffix>`
 * @param from whose parameters; default the case's own
 */
export async function imageErrors(
  name: string, run: (...inputs: Tensor[]) => Tensor, parameters: readonly string[] = [], from = name,
): Promise<Record<string, number>> {
  const stored = await readReference('image_ops');
  const find = (key: string) => stored.get(key) ?? (() => { throw new Error(`${key} is not in image_ops`); })();
  return tidy(() => {
    const inputs = ['input.x', ...parameters.map((suffix) => `input.${from}.${suffix}`)].map((key) => {
      const { data, shape } = find(key);
      return tensor(data, [...shape]);
    });
    const f = (...[x, ...rest]: Tensor[]) => transpose(run(transpose(x!, [0, 2, 3, 1]), ...rest), [0, 3, 1, 2]);
    const y = f(...inputs);
    const dy = reshape(linspace(-1, 1, y.size), y.shape);
    const { value, grads } = engine().gradients(() => f(...inputs), inputs, dy);
    const error = (actual: Tensor, key: string): number => relativeError(actual.dataSync<'float32'>(), find(key).data);
    const errors: Record<string, number> = { output: error(value, `output.${name}`), 'grad.x': error(grads[0]!, `grad.${name}`) };
    for (const [i, suffix] of parameters.entries()) errors[`grad.${suffix}`] = error(grads[i + 1]!, `grad.${name}.${suffix}`);
    return errors;
  });
}
