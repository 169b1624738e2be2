import { engine } from '@tensorflow/tfjs-core';
import { TorchBackend } from '../backends/torch/backend.ts';
import { binding } from '../backends/torch/binding.ts';

/** What computes; plain JSON. */
export interface ActiveBackend {
  readonly name: 'torch';
  /** `cpu`, `cuda:0` … */
  readonly device: string;
  /** Of operators on the CPU. */
  readonly threads: number;
  /** libtorch's version. */
  readonly torch: string;
}

/** The backend that `selectBackend` has chosen, or undefined. */
export function activeBackend(): ActiveBackend | undefined {
  if (engine().backendName !== 'torch') return undefined;
  const { backend } = engine();
  if (!(backend instanceof TorchBackend)) return undefined;
  return { name: 'torch', device: backend.device, threads: binding().threads(), torch: binding().torchVersion };
}
