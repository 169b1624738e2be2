// What the loader and its worker threads say to each other. Everything is plain data; arrays travel back by transfer, uncopied.

import { ConfigError, DataError } from '../errors.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Address of the module of the kind of sample; see sampleKind.ts. */
  readonly module: string;
  /** Of that kind. */
  readonly options: unknown;
  readonly seed: number;
  /** Samples that it decodes at a time. */
  readonly decodesInFlight: number;
}

/** One batch to make. */
export interface BatchRequest {
  readonly id: number;
  readonly epoch: number;
  readonly indices: Int32Array;
  readonly sources: readonly unknown[];
  /** Shared; a first element other than 0 gives the batch up. Quicker than a message, which waits for the worker's event loop. */
  readonly cancelled: Int32Array;
}

/** To a worker: a batch, or the end. */
export type WorkerRequest = BatchRequest | 'close';

/** From a worker: a batch is made, was given up (no arrays), or failed. */
export type WorkerReply<Batch> =
  | { readonly id: number; readonly batch: Batch | undefined }
  | { readonly id: number; readonly error: WireError };

/** An error as plain data: posting an Error would lose its class. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function toWire(error: unknown): WireError {
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack };
  return { name: 'Error', message: String(error), stack: undefined };
}

export function fromWire({ name, message, stack }: WireError): Error {
  const error = name === 'DataError' ? new DataError(message) : name === 'ConfigError' ? new ConfigError(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
