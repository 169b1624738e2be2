// Makes tfjs-core know the backend `torch`.

import { registerBackend } from '@tensorflow/tfjs-core';
import { TorchBackend } from './backend.ts';
import { registerKernels } from './kernels/index.ts';

let registered = false;

/** Registers the backend and its kernels, once. */
export function registerTorchBackend(device = 'cpu'): void {
  if (registered) return;
  registerBackend('torch', () => new TorchBackend(device));
  registerKernels();
  registered = true;
}
