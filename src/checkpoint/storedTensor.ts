// A tensor as it lies in a safetensors file: a dtype in the format's spelling, a shape, and a typed array.
// Source: the safetensors format, https://huggingface.co/docs/safetensors (section "Format").

/**
 * The element types that are read and written, each with its bytes and the array that holds it. The order is that of the
 * format's own writers: files list their tensors in this order of dtype. F16 and BF16 are held as their 16 raw bits.
 */
const elementTypes = {
  U64: { bytes: 8, array: BigUint64Array },
  I64: { bytes: 8, array: BigInt64Array },
  F64: { bytes: 8, array: Float64Array },
  F32: { bytes: 4, array: Float32Array },
  U32: { bytes: 4, array: Uint32Array },
  I32: { bytes: 4, array: Int32Array },
  BF16: { bytes: 2, array: Uint16Array },
  F16: { bytes: 2, array: Uint16Array },
  U16: { bytes: 2, array: Uint16Array },
  I16: { bytes: 2, array: Int16Array },
  I8: { bytes: 1, array: Int8Array },
  U8: { bytes: 1, array: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array },
} as const satisfies Record<StoredDtype, { readonly bytes: number; readonly array: unknown }>;

/** An element type in the spelling of the safetensors format. */
export type StoredDtype =
  | 'U64' | 'I64' | 'F64' | 'F32' | 'U32' | 'I32' | 'BF16' | 'F16' | 'U16' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** The array types that hold a tensor's elements, in row-major order. */
export type TensorData =
  | BigUint64Array | BigInt64Array | Float64Array | Float32Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Int8Array
  | Uint8Array;

/** A tensor in memory, as it is written to or was read from a file. `data` has one element per tensor element. */
export interface StoredTensor {
  /** The element type. */
  readonly dtype: StoredDtype;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: TensorData;
}

/** Tensors by their checkpoint key. */
export type TensorMap = ReadonlyMap<string, StoredTensor>;

/** Every element type, in the order in which files list them. */
export const storedDtypes: readonly string[] = Object.keys(elementTypes);

/** Whether `value` names an element type that can be read and written. */
export function isStoredDtype(value: unknown): value is StoredDtype {
  return typeof value === 'string' && Object.hasOwn(elementTypes, value);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: StoredDtype): number {
  return elementTypes[dtype].bytes;
}

/** The constructor of the array that holds elements of this type. */
export function arrayTypeOf(dtype: StoredDtype): (typeof elementTypes)[StoredDtype]['array'] {
  return elementTypes[dtype].array;
}

/** The number of elements of a shape; 1 for a scalar's empty shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
