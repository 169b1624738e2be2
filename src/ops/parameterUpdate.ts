// What the in-place operations on lists of tensors share: a kernel's inputs are named, so lists are numbered.

import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';

/** { param0, param1, …, grad0, … } from { param: [...], grad: [...] }. */
export function numberedInputs(lists: Record<string, readonly Tensor[]>): NamedTensorMap {
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, tensors]) => tensors.map((tensor, i) => [`${name}${i}`, tensor] as const)),
  );
}

/**
 * Checks that several lists hold tensors of the same shapes.
 * @throws ShapeError
 */
export function checkLists(where: string, lists: Record<string, readonly Tensor[]>): void {
  const [[firstName, first] = ['', []], ...others] = Object.entries(lists);
  for (const [name, tensors] of others) {
    if (tensors.length !== first.length) {
      throw new ShapeError(`${where}: expected ${first.length} tensors for ${name}, as for ${firstName}, got ${tensors.length}`);
    }
    for (const [i, tensor] of tensors.entries()) {
      if (tensor.shape.join() !== first[i]?.shape.join()) {
        throw new ShapeError(
          `${where}: expected shape [${first[i]?.shape.join(', ')}] for ${name}[${i}], got [${tensor.shape.join(', ')}]`);
      }
    }
  }
}
