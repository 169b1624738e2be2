// The stored outputs of reference implementations. They lie packed in test/fixtures/reference, whose README says where they come
// from, and unpacked in build/reference (see unpackReference.ts).

import path from 'node:path';
import { readSafetensors, openSafetensors } from '../src/checkpoint/safetensors.ts';

/** As they are stored, each file with gzip. */
export const packedReferenceFolder = path.join(import.meta.dirname, 'fixtures/reference');

/** Where tests read them. */
export const referenceFolder = path.join(import.meta.dirname, '../build/reference');

/** The path of a reference file. */
export function referencePath(name: string): string {
  return path.join(referenceFolder, `${name}.safetensors`);
}

export interface ReferenceTensor {
  readonly shape: readonly number[];
  /** Floats and integers alike. */
  readonly data: Float32Array;
}

/** A reference file's tensors by full name (`weight.…`, `input.…`, `output.…`, `grad.…`), after those of its weights_file. */
export async function readReference(name: string): Promise<Map<string, ReferenceTensor>> {
  const file = await openSafetensors(referencePath(name));
  await file.close();
  const config = JSON.parse(file.metadata['config'] ?? '{}') as { weights_file?: string };
  const base = config.weights_file === undefined ? [] :
    [...await readReference(path.basename(config.weights_file, '.safetensors'))].filter(([key]) => key.startsWith('weight.'));
  const own = [...await readSafetensors(referencePath(name))].map(([key, { shape, data }]) =>
    [key, { shape, data: Float32Array.from(data as ArrayLike<number>) }] as const);
  return new Map([...base, ...own]);
}

/** Those whose name starts with `prefix`, without it. */
export function withPrefix<T>(tensors: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  return new Map([...tensors].flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])));
}

/** The measure of the reference files' tolerances: the largest difference over the largest magnitude of the expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= difference)) difference = error; // NaN too
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / magnitude;
}
