// The tfjs backend `torch`: tensors of @tensorflow/tfjs-core stored and computed by libtorch.

import { DataStorage, KernelBackend, engine } from '@tensorflow/tfjs-core';
import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { NativeError } from '../../errors.ts';
import { aten, binding } from './binding.ts';
import type { Handle, StorageType } from './binding.ts';

// tfjs-core does not export the type of a data id by name.
type DataId = TensorInfo['dataId'];

type NumericArray = Float32Array | Int32Array | Uint8Array;

interface TensorData {
  /** The native tensor; absent for strings, which libtorch does not have. */
  readonly handle: Handle | undefined;
  readonly strings: Uint8Array[] | undefined;
  readonly dtype: DataType;
  references: number;
}

/** What stores each numeric tfjs dtype (a kernel may leave bfloat16 behind a 'float32'). */
export const storageTypes: Record<Exclude<DataType, 'string'>, StorageType> = {
  float32: 'float32',
  int32: 'int32',
  bool: 'bool',
  complex64: 'complex64',
};

function toTypedArray(values: BackendValues, dtype: Exclude<DataType, 'string'>): NumericArray {
  if (dtype === 'float32' || dtype === 'complex64') {
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  return Uint8Array.from(values as ArrayLike<number>, (value) => (value ? 1 : 0));
}

function isUniform(values: NumericArray): boolean {
  return values.every((value) => value === values[0]);
}

const full = aten('full');

function fromBytes(bytes: ArrayBuffer, dtype: DataType): BackendValues {
  if (dtype === 'float32' || dtype === 'complex64') return new Float32Array(bytes);
  if (dtype === 'int32') return new Int32Array(bytes);
  return new Uint8Array(bytes);
}

/** Stores tfjs tensors as libtorch tensors on one device. */
export class TorchBackend extends KernelBackend {
  readonly device: string;
  /** While a step program is being traced. */
  tracing = false;
  readonly #data: DataStorage<TensorData>;

  /** @param device 'cpu' or 'cuda:0' … */
  constructor(device: string) {
    super();
    this.device = device;
    this.#data = new DataStorage(this, engine());
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId: DataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, references: number): void {
    if (dtype === 'string') {
      this.#data.set(dataId, { handle: undefined, strings: values as Uint8Array[], dtype, references });
      return;
    }
    const handle = this.#upload(toTypedArray(values, dtype), shape, storageTypes[dtype]);
    this.#data.set(dataId, { handle, strings: undefined, dtype, references });
  }

  #upload(values: NumericArray, shape: number[], dtype: StorageType): Handle {
    // tfjs makes the zeros and ones of its gradients in JavaScript. In a step program they become an operator: a stored array
    // of one value would take memory in every run, and arrays of several values are refused there.
    if (this.tracing && dtype !== 'complex64' && isUniform(values)) {
      return full(shape, dtype === 'bool' ? values[0] !== 0 : (values[0] ?? 0), dtype, null, this.device);
    }
    return binding().fromTypedArray(values, shape, dtype, this.device);
  }

  /** Takes a native tensor over as a tfjs tensor. */
  adopt(handle: Handle, dtype: DataType, shape = binding().sizes(handle)): TensorInfo {
    const dataId: DataId = {};
    this.#data.set(dataId, { handle, strings: undefined, dtype, references: 1 });
    return { dataId, shape, dtype };
  }

  /** The native tensor of a tfjs tensor. It belongs to the backend: do not free it. */
  handle(tensor: TensorInfo): Handle {
    const { handle } = this.#find(tensor.dataId);
    if (handle === undefined) throw new NativeError(`expected a numeric tensor, got dtype '${tensor.dtype}'`);
    return handle;
  }

  /** The values of a string tensor, UTF-8 encoded. */
  strings(tensor: TensorInfo): Uint8Array[] {
    const { strings } = this.#find(tensor.dataId);
    if (strings === undefined) throw new NativeError(`expected a tensor of dtype 'string', got '${tensor.dtype}'`);
    return strings;
  }

  // Data that is not here may be another backend's, which tfjs-core then moves here; of a disposed tensor it knows nothing.
  #find(dataId: DataId): TensorData {
    if (!this.#data.has(dataId) && !engine().state.tensorInfo.has(dataId)) {
      throw new NativeError('expected a live tensor, got one that was disposed');
    }
    return this.#data.get(dataId);
  }

  override readSync(dataId: DataId): BackendValues {
    const { handle, strings, dtype } = this.#find(dataId);
    return handle === undefined ? (strings ?? []) : fromBytes(binding().read(handle), dtype);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const { handle, strings, dtype } = this.#find(dataId);
    return handle === undefined ? (strings ?? []) : fromBytes(await binding().readAsync(handle), dtype);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#data.has(dataId)) return true;
    const data = this.#data.get(dataId);
    data.references -= 1;
    if (!force && data.references > 0) return false;
    if (data.handle !== undefined) binding().free(data.handle);
    this.#data.delete(dataId);
    return true;
  }

  override refCount(dataId: DataId): number {
    return this.#data.has(dataId) ? this.#data.get(dataId).references : 0;
  }

  override incRef(dataId: DataId): void {
    this.#data.get(dataId).references += 1;
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<{ kernelMs: number }> {
    const start = performance.now();
    f();
    return Promise.resolve({ kernelMs: performance.now() - start });
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    // Tensors are freed one by one through disposeData; nothing else is held.
  }
}
