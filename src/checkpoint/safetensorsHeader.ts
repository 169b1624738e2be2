// The header of a safetensors file, read with suspicion and written as the format's own library writes it.
// Source: the safetensors format, https://huggingface.co/docs/safetensors (section "Format"): 8 bytes little-endian length,
// a JSON object {name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {string: string}}, then the data, which
// the tensors fill completely, without overlap and without holes.
import { DataError } from '../errors.ts';
import { duplicateKey } from './duplicateKey.ts';
import { bytesPerElement, isStoredDtype, storedDtypes, type StoredDtype } from './storedTensor.ts';

/** Where one tensor lies. `begin` and `end` count bytes from the start of the data, `end` exclusive. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A header: entries in the order of their data, and the free-text metadata. */
export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header, in bytes, that the format's own library accepts. */
export const maxHeaderBytes = 100_000_000;

const metadataKey = '__metadata__';

/**
 * Parses the JSON part of a header.
 * @param bytes the JSON, without the 8 bytes of its length
 * @param dataBytes how many bytes follow the header in the file
 * @param path the file, for messages
 * @throws DataError when anything is not as the format demands; the message names the file and the tensor
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const parsed = parseJsonObject(bytes, path);
  const entries: TensorEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === metadataKey) metadata = parseMetadata(value, path);
    else entries.push(parseEntry(name, value, path));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataBytes, path);
  return { entries, metadata };
}

/**
 * Encodes a header with its length, padded with spaces to a multiple of 8 bytes so that the data is aligned.
 * Entries are taken in the given order.
 */
export function encodeHeader(header: SafetensorsHeader): Uint8Array {
  const parts = header.entries.map(({ name, dtype, shape, begin, end }) => {
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  if (Object.keys(header.metadata).length > 0) {
    parts.unshift(`"${metadataKey}":${JSON.stringify(header.metadata)}`);
  }
  const json = Buffer.from(`{${parts.join(',')}}`, 'utf8');
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded, ' ');
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  bytes.set(json, 8);
  return bytes;
}

/** Why a string cannot be a tensor's name or a metadata key, or undefined when it can. */
export function nameFault(name: string): string | undefined {
  // Whoever keeps tensors in a plain object would change that object's prototype.
  if (name === '__proto__' || name === metadataKey) return 'a name that is not reserved';
  // A lone surrogate has no UTF-8 form; it would come back as another name.
  if (Buffer.from(name, 'utf8').toString('utf8') !== name) return 'a name that is valid Unicode';
  return undefined;
}

function parseJsonObject(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  // The format wants '{' as the very first byte, so that a foreign file is told apart early.
  if (bytes[0] !== 0x7b) throw invalid(path, "a header that starts with '{'", show(bytes[0]));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(path, 'a header in UTF-8', 'invalid bytes');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'a header in JSON', error instanceof Error ? error.message : 'invalid JSON');
  }
  const repeated = duplicateKey(text);
  if (repeated !== undefined) throw invalid(path, 'each key once in the header', `${show(repeated)} twice`);
  if (!isObject(parsed)) throw invalid(path, 'a JSON object as header', show(parsed));
  return parsed;
}

function parseMetadata(value: unknown, path: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw invalid(path, `an object for ${metadataKey}`, show(value));
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    const fault = nameFault(key);
    if (fault !== undefined) throw invalid(path, `${fault} in ${metadataKey}`, show(key));
    if (typeof text !== 'string') throw invalid(path, `a string for ${metadataKey} ${show(key)}`, show(text));
    metadata[key] = text;
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, path: string): TensorEntry {
  const fault = nameFault(name);
  if (fault !== undefined) throw invalid(path, `${fault} for each tensor`, show(name));
  const what = `of tensor ${show(name)}`;
  if (!isObject(value)) throw invalid(path, `an object as description ${what}`, show(value));
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isStoredDtype(dtype)) {
    throw invalid(path, `one of ${storedDtypes.join(', ')} as dtype ${what}`, `${show(dtype)}; store it as F32, F16 or BF16`);
  }
  if (!isSizeList(shape)) throw invalid(path, `a list of sizes as shape ${what}`, show(shape));
  if (!isSizeList(offsets)) throw invalid(path, `two byte positions as data_offsets ${what}`, show(offsets));
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || begin > end) {
    throw invalid(path, `a begin and an end not before it as data_offsets ${what}`, show(offsets));
  }
  let bytes = bytesPerElement(dtype);
  for (const size of shape) bytes *= size;
  if (bytes !== end - begin) {
    throw invalid(path, `${bytes} bytes of data for ${dtype} ${show(shape)} ${what}`, `data_offsets ${show(offsets)}`);
  }
  return { name, dtype, shape, begin, end };
}

function checkCoverage(entries: readonly TensorEntry[], dataBytes: number, path: string): void {
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataBytes) {
      const got = `[${begin},${end}]; the file is truncated or damaged`;
      throw invalid(path, `data_offsets within the ${dataBytes} bytes of data for tensor ${show(name)}`, got);
    }
    if (begin !== position) {
      const fault = begin < position ? 'it overlaps the tensor before it' : 'it leaves a hole';
      throw invalid(path, `data of tensor ${show(name)} to begin at byte ${position}`, `${begin}: ${fault}`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw invalid(path, `${position} bytes of data, as its header says,`, `${dataBytes}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizeList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item: unknown) => Number.isSafeInteger(item) && Number(item) >= 0);
}

function invalid(path: string, expected: string, got: string): DataError {
  return new DataError(`openSafetensors: expected ${expected} in ${path}, got ${got}`);
}

// Hostile headers hold hostile values: what is shown of them is short, on one line, and never goes into their depth.
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(showItem).join(',')}${value.length > 8 ? ',…' : ''}]`;
  return showItem(value);
}

function showItem(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  return String(value);
}
