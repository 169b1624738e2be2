// A tensor that belongs to a module's state but is not trained: the running statistics of a batch norm. The forward pass
// changes it; checkpoints keep it; the optimizer does not know it.

import type { Initialiser } from './initialisers.ts';
import { ModuleTensor } from './moduleTensor.ts';

/** A buffer before it has values. */
export interface ModuleBufferOptions {
  /** Sizes, outermost first; [] for a scalar. */
  readonly shape: readonly number[];
  /** Its first values. */
  readonly initialiser: Initialiser;
  /**
   * A count, which checkpoints keep as int64 and which may be missing from them, as torch allows it: it is not averaged with
   * the weights. Default false.
   */
  readonly counter?: boolean;
}

/** State that is not trained. */
export class ModuleBuffer extends ModuleTensor {
  /** Whether it is a count, kept as int64. */
  readonly counter: boolean;

  constructor({ shape, initialiser, counter = false }: ModuleBufferOptions) {
    super(shape, initialiser, false);
    this.counter = counter;
  }
}
