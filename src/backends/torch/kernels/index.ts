// Every kernel of the torch backend, by family.

import { registerBinaryKernels } from './binary.ts';
import { registerCastKernel } from './cast.ts';
import { registerCreationKernels } from './creation.ts';
import { registerJoiningKernels } from './joining.ts';
import { registerMatmulKernels } from './matmul.ts';
import { registerReductionKernels } from './reduction.ts';
import { registerSelectionKernels } from './selection.ts';
import { registerUnaryKernels } from './unary.ts';
import { registerViewKernels } from './views.ts';

export function registerKernels(): void {
  registerUnaryKernels();
  registerBinaryKernels();
  registerCastKernel();
  registerViewKernels();
  registerJoiningKernels();
  registerCreationKernels();
  registerReductionKernels();
  registerMatmulKernels();
  registerSelectionKernels();
}
