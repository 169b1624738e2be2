// A trainable tensor.

import type { Initialiser } from './initialisers.ts';
import { ModuleTensor } from './moduleTensor.ts';

/** A parameter before it has values. */
export interface ParameterOptions {
  /** Sizes, outermost first; [] for a scalar. */
  readonly shape: readonly number[];
  /** Its first values. */
  readonly initialiser: Initialiser;
  /** A position embedding or a class token, which recipes spare weight decay as they do norms and biases. Default false. */
  readonly embedding?: boolean;
}

/** A tensor that is trained. */
export class Parameter extends ModuleTensor {
  /** Whether it is an embedding, which optimizers may spare weight decay. */
  readonly embedding: boolean;

  constructor({ shape, initialiser, embedding = false }: ParameterOptions) {
    super(shape, initialiser, true);
    this.embedding = embedding;
  }
}
