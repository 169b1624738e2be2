// The backend under test, registered in the tfjs-core that the tests import, with every kernel run counted and checked.
// Imported before the test files, which look up the test environments when they are loaded.

import { getBackend, getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { TorchBackend, storageTypes } from '../../src/backends/torch/backend.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { registerTorchBackend } from '../../src/backends/torch/register.ts';
import { suiteOptions } from './suiteOptions.ts';

/** How often each kernel of the backend ran. */
export const kernelRuns = new Map<string, number>();

/** How many specs ended with each backend active. */
export const specsByBackend = new Map<string, number>();

export function countSpec(): void {
  const name = getBackend();
  specsByBackend.set(name, (specsByBackend.get(name) ?? 0) + 1);
}

/** The storage behind a result must be what its dtype says: nothing else would notice until the values are read. */
function checkResult(kernelName: string, backend: TorchBackend, result: TensorInfo): void {
  if (result.dtype === 'string') return;
  const storage = binding().dtype(backend.handle(result));
  if (storage !== storageTypes[result.dtype]) throw new Error(`${kernelName}: a '${result.dtype}' result is stored as ${storage}`);
}

/** Runs a kernel and checks what it leaves behind. */
function runChecked(kernelName: string, run: KernelFunc, params: Parameters<KernelFunc>[0]): TensorInfo | TensorInfo[] {
  kernelRuns.set(kernelName, (kernelRuns.get(kernelName) ?? 0) + 1);
  const before = binding().memory().tensors;
  const outputs = run(params);
  const results = Array.isArray(outputs) ? outputs : [outputs];
  const kept = binding().memory().tensors - before;
  if (kept > results.length) throw new Error(`${kernelName}: left ${kept} native tensors for ${results.length} results`);
  if (!(params.backend instanceof TorchBackend)) throw new Error(`${kernelName}: ran on another backend`);
  for (const result of results) checkResult(kernelName, params.backend, result);
  return outputs;
}

registerTorchBackend();
const kernels = getKernelsForBackend('torch');
const { substitute } = suiteOptions;
for (const kernel of kernels) {
  const computed = substitute?.[0] === kernel.kernelName ? substitute[1] : kernel.kernelName;
  const source = kernels.find((candidate) => candidate.kernelName === computed);
  if (source === undefined) throw new Error(`suite: expected a kernel's name for --substitute, got '${computed}'`);
  unregisterKernel(kernel.kernelName, 'torch');
  registerKernel({ ...kernel, kernelFunc: (params) => runChecked(kernel.kernelName, source.kernelFunc, params) });
}
setTestEnvs([{ name: 'torch', backendName: 'torch', flags: {}, isDataSync: true }]);
