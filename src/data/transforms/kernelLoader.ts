// Loads the WebAssembly kernels of this folder. Each thread has its own instance; its memory grows to what it needed most.

export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Node's global, as far as it is used here: TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

const PAGE_BYTES = 65_536;

/** What an instance of a compiled module, base64, exports; the caller knows its type. */
export function loadKernel(base64: string): object {
  return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64'))).exports;
}

/** Makes a memory at least `bytes` large. Views of its old buffer are void afterwards. */
export function growTo(memory: KernelMemory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}
