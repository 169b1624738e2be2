// Every kernel of the torch backend, by family.

import { registerBinaryKernels } from './binary.ts';
import { registerUnaryKernels } from './unary.ts';

export function registerKernels(): void {
  registerUnaryKernels();
  registerBinaryKernels();
}
