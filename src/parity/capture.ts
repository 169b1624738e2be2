// What a forward pass shows on its way: tensors by name, and gradients of its result, kept until they are read.

import { dispose, engine, keep, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FloatTensor } from '../nn/module.ts';

export class Capture {
  readonly #kept = new Map<string, Tensor>();

  /** Keeps a tensor under a name; the last one of a name stays. */
  note(name: string, value: Tensor): void {
    this.#kept.get(name)?.dispose();
    this.#kept.set(name, keep(value.clone()));
  }

  /** Runs what notes its stages; with sources also notes the gradient of its result for each, `grad.<name>`. */
  run(pass: () => Tensor, sources: ReadonlyMap<string, Tensor> | undefined): void {
    tidy(() => {
      if (sources === undefined) return void pass();
      // A source that the result does not depend on has no gradient.
      const { grads } = engine().gradients(pass, [...sources.values()], undefined, true) as { grads: (Tensor | undefined)[] };
      for (const [i, name] of [...sources.keys()].entries()) {
        const gradient = grads[i];
        if (gradient !== undefined) this.note(`grad.${name}`, gradient);
      }
    });
  }

  /** Reads everything and frees it. */
  async read(): Promise<Map<string, FloatTensor>> {
    const read = new Map<string, FloatTensor>();
    for (const [name, value] of this.#kept) read.set(name, { dtype: 'F32', shape: value.shape, data: await value.data<'float32'>() });
    dispose([...this.#kept.values()]);
    this.#kept.clear();
    return read;
  }
}
