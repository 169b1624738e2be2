// The addon as TypeScript sees it: native/addon.cc's exports, typed. The one place where untyped values from the addon enter.

import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, NativeError } from '../../errors.ts';

/** A tensor held by the addon. Never reused: after `free` it is an error to use it, not another tensor. */
export type Handle = number;

/** The dtype of a tensor's storage; tfjs's 'float32' may be stored as bfloat16. */
export type StorageType =
  | 'float32'
  | 'bfloat16'
  | 'float16'
  | 'float64'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'bool'
  | 'complex64';

/** What an operator's argument may be; the operator's schema says which. Dtypes are given by name, `Infinity` is "to the end". */
export type NativeArg = number | boolean | string | null | undefined | readonly (number | boolean | null)[];

type NativeOperator = (...args: readonly NativeArg[]) => Handle | (Handle | null)[] | null;

/** Memory of the CPU allocator, in bytes; `tensors` counts the handles of this thread. */
interface NativeMemory {
  readonly tensors: number;
  readonly bytes: number;
  readonly peakBytes: number;
  readonly reservedBytes: number;
}

interface Addon {
  readonly torchVersion: string;
  op(name: string, overload?: string): NativeOperator;
  fromTypedArray(data: ArrayBufferView, shape: readonly number[], dtype: StorageType, device: string): Handle;
  placeholder(shape: readonly number[], dtype: StorageType): Handle;
  write(handle: Handle, data: ArrayBufferView): void;
  read(handle: Handle): ArrayBuffer;
  readAsync(handle: Handle): Promise<ArrayBuffer>;
  free(handle: Handle): void;
  sizes(handle: Handle): number[];
  dtype(handle: Handle): StorageType;
  isContiguous(handle: Handle): boolean;
  beginScope(): void;
  endScope(kept: readonly Handle[]): void;
  beginTrace(inputs: readonly Handle[]): void;
  endTrace(outputs: readonly Handle[] | null): number;
  runProgram(program: number, inputs: readonly Handle[]): Handle[];
  runProgramAsync(program: number, inputs: readonly Handle[]): Promise<Handle[]>;
  describeProgram(program: number): { operators: number; peakBytes: number; listing: string };
  disposeProgram(program: number): void;
  manualSeed(seed: number): void;
  threads(count?: number): number;
  expectThreads(count: number): void;
  deviceCount(type: string): number;
  memory(): NativeMemory;
  availableBytes(): number;
  resetPeakMemory(): void;
  releaseFreeMemory(): void;
}

const addonPath = fileURLToPath(new URL('../../../build/native/mpvg.node', import.meta.url));

let loaded: Addon | undefined;

/**
 * The addon, loaded on first use (it brings libtorch, about 0.2 s).
 *
 * @throws ConfigError when it has not been built.
 */
export function binding(): Addon {
  if (loaded !== undefined) return loaded;
  if (!existsSync(addonPath)) {
    throw new ConfigError(`the native addon is not built (${addonPath} is missing); run: npx mpvg setup`);
  }
  waitBriefly();
  try {
    loaded = createRequire(import.meta.url)(addonPath) as Addon;
  } catch (error) {
    const isLimited = /failed to map|cannot allocate memory|out of memory/i.test(String(error));
    const remedy = isLimited ? 'raise the limits of the process (ulimit -v), or give the machine more memory' : 'run: npx mpvg setup';
    throw new ConfigError(`the native addon does not load: ${error instanceof Error ? error.message : String(error)}; ${remedy}`);
  }
  return loaded;
}

/**
 * OpenMP's threads spin for milliseconds before they sleep. A step has hundreds of parallel parts, and on a machine that does
 * other work too (image decoding, a second program) those who spin keep the others from finishing: half the speed. Read by the
 * library when it is loaded; who sets either variable decides.
 */
function waitBriefly(): void {
  if (process.env['OMP_WAIT_POLICY'] === undefined) process.env['GOMP_SPINCOUNT'] ??= '2000';
}

function lookUp(name: string, overload: string): NativeOperator {
  let operator: NativeOperator | undefined;
  return (...args) => {
    operator ??= binding().op(name, overload);
    try {
      return operator(...args);
    } catch (error) {
      throw new NativeError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** An ATen operator that returns one tensor: `aten('add', 'Tensor')(a, b, 1)`. Looked up when first called. */
export function aten(name: string, overload = ''): (...args: readonly NativeArg[]) => Handle {
  return single(`aten::${name}`, overload);
}

/** An ATen operator that returns several tensors, null for one that was not asked for. */
export function atenList(name: string, overload = ''): (...args: readonly NativeArg[]) => (Handle | null)[] {
  return several(`aten::${name}`, overload);
}

/** An operator of ours (native/ops) that returns one tensor. */
export function mpvg(name: string): (...args: readonly NativeArg[]) => Handle {
  return single(`mpvg::${name}`, '');
}

/** An operator of ours that returns several tensors, null for one that was not asked for. */
export function mpvgList(name: string): (...args: readonly NativeArg[]) => (Handle | null)[] {
  return several(`mpvg::${name}`, '');
}

function single(name: string, overload: string): (...args: readonly NativeArg[]) => Handle {
  const call = lookUp(name, overload);
  return (...args) => {
    const result = call(...args);
    if (typeof result !== 'number') throw new NativeError(`${name}: returned no tensor`);
    return result;
  };
}

function several(name: string, overload: string): (...args: readonly NativeArg[]) => (Handle | null)[] {
  const call = lookUp(name, overload);
  return (...args) => {
    const result = call(...args);
    // An operator that returns one list of tensors and an operator that returns a tuple look the same here.
    if (!Array.isArray(result)) throw new NativeError(`${name}: returned one tensor where several were expected`);
    return result;
  };
}
