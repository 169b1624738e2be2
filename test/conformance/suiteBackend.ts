// The backend under test, registered in the tfjs-core that the tests import, with every kernel run counted. Imported before
// the test files, which look up the test environments when they are loaded.

import { getBackend, getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
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

registerTorchBackend();
const kernels = getKernelsForBackend('torch');
const { substitute } = suiteOptions;
for (const kernel of kernels) {
  const replacement = substitute?.[0] === kernel.kernelName ? substitute[1] : kernel.kernelName;
  const run = kernels.find((candidate) => candidate.kernelName === replacement);
  if (run === undefined) throw new Error(`suite: expected a kernel's name for --substitute, got '${replacement}'`);
  unregisterKernel(kernel.kernelName, 'torch');
  registerKernel({
    ...kernel,
    kernelFunc: (params) => {
      kernelRuns.set(kernel.kernelName, (kernelRuns.get(kernel.kernelName) ?? 0) + 1);
      return run.kernelFunc(params);
    },
  });
}
setTestEnvs([{ name: 'torch', backendName: 'torch', flags: {}, isDataSync: true }]);
