// Loads WebAssembly kernels. Each instance has a memory of its own, which grows to what it needed most.

import { ConfigError } from '../errors.ts';

export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What a kernel exports as a variable. */
export interface KernelGlobal {
  readonly value: number;
}

/** The platform's global, as far as it is used here: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
  readonly RuntimeError: new () => Error;
};

const PAGE_BYTES = 65_536;

/** By their base64. */
const modules = new Map<string, object>();

/**
 * What a new instance of a compiled module, base64, exports; the caller knows its type.
 * @throws ConfigError when the process may not have the addresses that a memory reserves
 */
export function loadKernel(base64: string): object {
  let module = modules.get(base64);
  if (module === undefined) {
    module = new WebAssembly.Module(bytesOf(base64));
    modules.set(base64, module);
  }
  try {
    return new WebAssembly.Instance(module).exports;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError('loadKernel: expected 10 GB of addresses for a WebAssembly memory, got a limit below that (ulimit -v, or a container\'s); ' +
      'start node with --disable-wasm-trap-handler, which needs no more than is used', { cause: error });
  }
}

/** A loop: `Uint8Array.from` with a function takes five times as long. */
function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Whether a kernel stopped because there is no memory for it: ours trap for nothing else. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** Makes a memory at least `bytes` large. Views of its old buffer are void afterwards. */
export function growTo(memory: KernelMemory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}
