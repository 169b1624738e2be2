// Gradient checkpointing: of a part of a model only the inputs are kept for the backward pass, and the part runs again there.
// Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.

import { engine, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './fused.ts';

/** What a part of a model depends on. */
export interface RecomputeInputs {
  /** Tensors that the part is a function of, and that get a gradient. */
  readonly inputs: readonly Tensor[];
  /** What it reads besides and must find unchanged, without a gradient: what was drawn at random. */
  readonly constants?: readonly Tensor[];
  /** The variables that it reads; they get a gradient. */
  readonly parameters: readonly Tensor[];
}

/**
 * Runs a part of a model, now and once more in the backward pass. The part must be a pure function of what it is given: no random
 * draws, no running statistics.
 *
 * @param part from inputs and constants to one tensor
 */
export function recompute(
  { inputs, constants = [], parameters }: RecomputeInputs,
  part: (inputs: readonly Tensor[], constants: readonly Tensor[]) => Tensor,
): Tensor {
  const sources = [...inputs, ...parameters];
  return withGradient(
    sources,
    (save) => {
      save([...inputs, ...constants]);
      return part(inputs, constants);
    },
    (dy, saved) => {
      const again = saved.slice(0, inputs.length);
      return gradientsApart(() => part(again, saved.slice(inputs.length)), [...again, ...parameters], dy);
    },
  );
}

/**
 * Gradients with respect to `sources`, taken while another backward pass is under way. tfjs has one tape and ends it with the
 * pass that it belongs to; the outer one needs its tape afterwards.
 */
function gradientsApart(run: () => Tensor, sources: Tensor[], dy: Tensor): Tensor[] {
  const { state } = engine();
  const outer = state.activeTape;
  try {
    const { grads } = engine().gradients(run, sources, dy, true) as { grads: (Tensor | undefined)[] };
    return grads.map((gradient, i) => gradient ?? zerosLike(sources[i]!));
  } finally {
    state.activeTape = outer;
  }
}
