// A trainable tensor.

import type { Initialiser } from './initialisers.ts';
import { ModuleTensor } from './moduleTensor.ts';

export interface ParameterOptions {
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /** A position embedding or a class token, which recipes spare weight decay as they do norms and biases. Default false. */
  readonly embedding?: boolean;
}

export class Parameter extends ModuleTensor {
  readonly embedding: boolean;

  constructor({ shape, initialiser, embedding = false }: ParameterOptions) {
    super(shape, initialiser, true);
    this.embedding = embedding;
  }
}
