// Safetensors files, read tensor by tensor and written as the format's own library writes them.
// Source: the safetensors format, https://huggingface.co/docs/safetensors (section "Format").
import { open, stat, type FileHandle } from 'node:fs/promises';
import { foreignContent, TELLING_BYTES } from '../data/foreignContent.ts';
import { DataError, ShapeError } from '../errors.ts';
import { writeFileAtomically } from '../files/atomicWrite.ts';
import { encodeHeader, maxHeaderBytes, nameFault, parseHeader, type SafetensorsHeader, type TensorEntry } from './safetensorsHeader.ts';
import { maxTransferBytes, OwnDescriptor } from './ownDescriptor.ts';
import { systemReason } from '../files/systemReason.ts';
import { arrayTypeOf, elementCount, storedDtypes } from './storedTensor.ts';
import type { StoredDtype, StoredTensor, TensorData, TensorMap } from './storedTensor.ts';
import { tensorBuffer } from './tensorBuffer.ts';

/** What is known of a tensor without reading it. */
export interface TensorInfo {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** An open safetensors file. Only the header is in memory; each `read` fetches one tensor. Close it after use. */
export class SafetensorsFile {
  readonly path: string;
  /** The tensors' names, in the order of their data. */
  readonly names: readonly string[];
  /** The free text of the header; empty when there is none. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;
  readonly #dataStart: number;
  readonly #entries: ReadonlyMap<string, TensorEntry>;

  /** For `openSafetensors`. */
  constructor(path: string, handle: FileHandle, header: SafetensorsHeader, dataStart: number) {
    this.path = path;
    this.names = header.entries.map(({ name }) => name);
    this.metadata = header.metadata;
    this.#handle = handle;
    this.#dataStart = dataStart;
    this.#entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  }

  /** Whether the file has a tensor of this name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Dtype, shape and size of one tensor.
   * @throws DataError when the file has none of this name
   */
  info(name: string): TensorInfo {
    const { dtype, shape, begin, end } = this.#entry(name);
    return { dtype, shape, byteLength: end - begin };
  }

  /**
   * Reads one tensor into an array of its own, row-major. F16 and BF16 come as raw bits in a Uint16Array, BOOL as bytes.
   * @throws DataError when the file has none of this name or has been cut since it was opened
   */
  async read(name: string): Promise<TensorData> {
    const { dtype, begin, end } = this.#entry(name);
    const bytes = tensorBuffer(end - begin, name, this.path);
    const count = await readFully(this.#handle, bytes, this.#dataStart + begin);
    return valuesOf(dtype, bytes, count, name, this.path);
  }

  /**
   * All tensors by name, in the order of their data. The values of each are read when they are first asked for (which throws
   * as `read` does), also after `close`, and are those that the file has now, whatever takes its place later.
   */
  tensors(): Map<string, StoredTensor> {
    const own = new OwnDescriptor(this.#handle.fd);
    const unread = new Set(this.names);
    const closeIfRead = (): void => (unread.size === 0 ? own.close() : undefined);
    closeIfRead();
    return new Map([...this.#entries.values()].map(({ name, dtype, shape, begin, end }) => {
      let data: TensorData | undefined;
      const read = (): TensorData => {
        const bytes = tensorBuffer(end - begin, name, this.path);
        const values = valuesOf(dtype, bytes, own.read(bytes, this.#dataStart + begin), name, this.path);
        unread.delete(name);
        closeIfRead();
        return values;
      };
      return [name, { dtype, shape, get data() { return (data ??= read()); } }];
    }));
  }

  /** Closes the file; reading is over. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    const some = [...this.names.slice(0, 3), ...(this.names.length > 3 ? ['…'] : [])].join(', ');
    throw new DataError(`SafetensorsFile: expected a tensor "${name}" in ${this.path}, got ${this.names.length} others (${some})`);
  }
}

/**
 * Opens a safetensors file and checks its header; no tensor is read yet.
 * @throws DataError when the file is missing, cut, or anything in its header is not as the format demands
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const status = await stat(path).catch((error: unknown) => cannotOpen(path, error));
  if (!status.isFile()) {
    // Asked before opening: a pipe would block there.
    const kind = status.isDirectory() ? 'a directory' : 'a pipe or device';
    throw new DataError(`openSafetensors: expected a file at ${path}, got ${kind}`);
  }
  const handle = await open(path, 'r').catch((error: unknown) => cannotOpen(path, error));
  try {
    const start = new Uint8Array(TELLING_BYTES);
    const got = foreignContent(start.subarray(0, await readFully(handle, start, 0)));
    if (got !== undefined) throw new DataError(`openSafetensors: expected a safetensors file at ${path}, got ${got}`);
    const length = await readHeaderLength(handle, path, status.size);
    const json = new Uint8Array(length);
    const count = await readFully(handle, json, 8);
    if (count < length) throw new DataError(`openSafetensors: expected a header of ${length} bytes in ${path}, got ${count}`);
    return new SafetensorsFile(path, handle, parseHeader(json, status.size - 8 - length, path), 8 + length);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function cannotOpen(path: string, error: unknown): never {
  throw new DataError(`openSafetensors: cannot open ${path}: ${systemReason(error)}`, { cause: error });
}

/**
 * All tensors of a safetensors file, in the order of their data. Values are read when they are asked for: whoever compares shapes
 * first pays nothing for what does not fit, however large.
 * @throws DataError as `openSafetensors` does
 */
export async function readSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    return file.tensors();
  } finally {
    await file.close();
  }
}

/**
 * Writes a safetensors file: the bytes are those that the format's own library writes (metadata in the given order), and
 * an older file stays until the new one is complete.
 * @param tensors in any order; each array must have as many elements as its shape and the array type of its dtype
 * @param metadata free text by key
 * @throws ShapeError when an array does not fit its shape or dtype, or a name is unusable or there twice; DataError when
 * the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorMap | Iterable<readonly [string, StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...tensors].sort(byDtypeThenName);
  const entries: TensorEntry[] = [];
  const names = new Set<string>();
  let position = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor);
    if (names.has(name)) throw new ShapeError(`writeSafetensors: expected each name once, got "${name}" twice`);
    names.add(name);
    const end = position + tensor.data.byteLength;
    entries.push({ name, dtype: tensor.dtype, shape: tensor.shape, begin: position, end });
    position = end;
  }
  const header = encodeHeader({ entries, metadata });
  await writeFileAtomically(path, async (temporary) => {
    const handle = await open(temporary, 'w');
    try {
      await writeFully(handle, header);
      for (const [, { data }] of sorted) await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    } finally {
      await handle.close();
    }
  });
}

function byDtypeThenName([nameA, a]: readonly [string, StoredTensor], [nameB, b]: readonly [string, StoredTensor]): number {
  // Widest first, so that every tensor is aligned; names by their UTF-8 bytes.
  return storedDtypes.indexOf(a.dtype) - storedDtypes.indexOf(b.dtype) || Buffer.compare(Buffer.from(nameA), Buffer.from(nameB));
}

function checkTensor(name: string, { dtype, shape, data }: StoredTensor): void {
  const fault = nameFault(name);
  if (fault !== undefined) throw new ShapeError(`writeSafetensors: expected ${fault} for a tensor, got "${name}"`);
  if (!(data instanceof arrayTypeOf(dtype))) {
    const expected = `a ${arrayTypeOf(dtype).name} for ${dtype} tensor "${name}"`;
    throw new ShapeError(`writeSafetensors: expected ${expected}, got ${data.constructor.name}`);
  }
  const count = elementCount(shape);
  if (count !== data.length || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    const expected = `${count} elements for tensor "${name}" of shape [${shape.join(', ')}]`;
    throw new ShapeError(`writeSafetensors: expected ${expected}, got ${data.length}`);
  }
}

function valuesOf(dtype: StoredDtype, bytes: Uint8Array<ArrayBuffer>, count: number, name: string, path: string): TensorData {
  if (count < bytes.length) {
    const expected = `${bytes.length} bytes of tensor "${name}" in ${path}`;
    throw new DataError(`SafetensorsFile.read: expected ${expected}, got ${count}; the file was cut while open`);
  }
  const ArrayType = arrayTypeOf(dtype);
  return new ArrayType(bytes.buffer);
}

async function readHeaderLength(handle: FileHandle, path: string, fileBytes: number): Promise<number> {
  const prefix = Buffer.alloc(8);
  const count = await readFully(handle, prefix, 0);
  const length = prefix.readBigUInt64LE(0);
  const foreign = 'it is no safetensors file or is damaged';
  if (count < 8) {
    throw new DataError(`openSafetensors: expected at least the 8 bytes of the header's length in ${path}, got ${count}; ${foreign}`);
  }
  if (length > maxHeaderBytes) {
    throw new DataError(`openSafetensors: expected a header of at most ${maxHeaderBytes} bytes in ${path}, got ${length}; ${foreign}`);
  }
  if (length > fileBytes - 8) {
    const got = `${fileBytes - 8}; the file is truncated, or ${foreign}`;
    throw new DataError(`openSafetensors: expected a header of ${length} bytes in ${path}, got ${got}`);
  }
  return Number(length);
}

async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, maxTransferBytes), position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, Math.min(bytes.length - done, maxTransferBytes))).bytesWritten;
  }
}
