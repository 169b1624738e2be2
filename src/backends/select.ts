// Chooses what runs tfjs's tensors. Nothing above src/ops knows which backend it is.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setBackend } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';

/** What can run tfjs's tensors. */
export type BackendName = 'torch' | 'tensorflow';

/** Which backend, and where it computes. */
export interface BackendOptions {
  /** Default 'torch'. */
  readonly backend?: BackendName;
  /** 'cpu' (default) or 'cuda:0' …; torch only. */
  readonly device?: string;
  /** Threads for operators, at most 1024; default: what libtorch chooses, one per physical core. */
  readonly threads?: number;
}

// tfjs-core's Node build leaves the gradients out; set-up bundles them from the same package.
const gradientsUrl = new URL('../../build/tfjs-gradients.mjs', import.meta.url);

/** More than machines have processors; each takes memory for its stack. */
const MOST_THREADS = 1024;

/**
 * Registers and activates a backend.
 *
 * @throws ConfigError when it cannot be had: not built, not installed, no such device, too many threads for it or for the system.
 */
export async function selectBackend(options: BackendOptions = {}): Promise<void> {
  const { backend = 'torch', device = 'cpu', threads } = options;
  if (backend === 'tensorflow') {
    throw new ConfigError(
      "backend 'tensorflow': running on @tensorflow/tfjs-node-gpu is not part of this version; use --backend torch",
    );
  }
  if (!existsSync(fileURLToPath(gradientsUrl))) {
    throw new ConfigError(`the gradients are not built (${fileURLToPath(gradientsUrl)} is missing); run: npx mpvg setup`);
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new ConfigError(`selectBackend: expected a whole number from 1 to ${MOST_THREADS} for threads, got ${threads}; more threads than processors only get into each other's way`);
  }
  await import(gradientsUrl.href);
  const { registerTorchBackend } = await import('./torch/register.ts');
  const { binding } = await import('./torch/binding.ts');
  checkDevice(device, (type) => binding().deviceCount(type));
  registerTorchBackend(device);
  tryThreads(() => binding().expectThreads(threads ?? binding().threads()));
  if (threads !== undefined) binding().threads(threads);
  if (!(await setBackend('torch'))) throw new ConfigError("backend 'torch' could not be started");
}

/** Here, where there is somebody to tell: OpenMP would end the process. */
function tryThreads(start: () => void): void {
  try {
    start();
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function checkDevice(device: string, count: (type: string) => number): void {
  const [, type, index = '0'] = /^(cpu|cuda)(?::(\d+))?$/.exec(device) ?? [];
  if (type === undefined) throw new ConfigError(`selectBackend: expected 'cpu', 'cuda' or 'cuda:<n>' for device, got '${device}'`);
  const available = count(type);
  if (Number(index) < available) return;
  throw new ConfigError(available === 0 ?
    `device '${device}': this libtorch was built without CUDA, or there is no GPU; use --device cpu` :
    `device '${device}': expected a number below ${available}, the devices that there are`);
}
