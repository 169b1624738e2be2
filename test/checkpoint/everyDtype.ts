// Tensors of every dtype that safetensors has.

import type { StoredTensor } from '../../src/checkpoint/storedTensor.ts';

export const everyDtype: readonly (readonly [string, StoredTensor])[] = [
  ['flag', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ['u8', { dtype: 'U8', shape: [1, 1], data: Uint8Array.of(255) }],
  ['i8', { dtype: 'I8', shape: [2], data: Int8Array.of(-128, 127) }],
  ['i16', { dtype: 'I16', shape: [1], data: Int16Array.of(-32768) }],
  ['u16', { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) }],
  ['f16', { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
  ['bf16', { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xc000) }],
  ['i32', { dtype: 'I32', shape: [], data: Int32Array.of(-7) }],
  ['u32', { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
  ['f32 é "quoted"\n', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -0, Infinity, 1e-45) }],
  ['empty', { dtype: 'F32', shape: [0, 5], data: new Float32Array() }],
  ['\u{1F600}', { dtype: 'F32', shape: [1], data: Float32Array.of(3) }],
  ['\uFFEE', { dtype: 'F32', shape: [1], data: Float32Array.of(4) }],
  ['f64', { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) }],
  ['i64', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
  ['u64', { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
];
