// A tensor that belongs to a module's state but is not trained: the running statistics of a batch norm. The forward pass
// changes it; checkpoints keep it; the optimizer does not know it.

import type { Initialiser } from './initialisers.ts';
import { ModuleTensor } from './moduleTensor.ts';

export interface ModuleBufferOptions {
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /**
   * A count, which checkpoints keep as int64 and which may be missing from them, as torch allows it: it is not averaged with
   * the weights. Default false.
   */
  readonly counter?: boolean;
}

export class ModuleBuffer extends ModuleTensor {
  readonly counter: boolean;

  constructor({ shape, initialiser, counter = false }: ModuleBufferOptions) {
    super(shape, initialiser, false);
    this.counter = counter;
  }
}
