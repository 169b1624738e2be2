// The loader's worker threads: hands out batches, keeps the promises, ends the threads.

import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../errors.ts';
import { addressesLeft } from './addressesLeft.ts';
import { fromWire, type BatchRequest, type WorkerReply, type WorkerRequest, type WorkerSetup } from './loaderProtocol.ts';

interface Pending<Batch> {
  readonly resolve: (batch: Batch | undefined) => void;
  readonly reject: (error: Error) => void;
}

interface Member<Batch> {
  readonly worker: Worker;
  readonly pending: Map<number, Pending<Batch>>;
  readonly exited: Promise<void>;
  /** Why the thread ended, once it has. */
  failure: Error | undefined;
}

/** Bytes of addresses that V8 reserves for a thread at least; where it does not get them it ends the whole process. */
const WORKER_ADDRESSES = 2 ** 29;

export class WorkerPool<Batch> {
  readonly #members: Member<Batch>[] = [];
  #nextId = 0;

  /**
   * Starts the threads. They keep the process alive only while they have a batch to make.
   * @throws ConfigError when this code runs from TypeScript sources and has not been compiled, or the system does not start so
   *   many threads
   */
  constructor(count: number, setup: WorkerSetup) {
    const entry = workerEntry();
    const workerData = { ...setup, module: compiledPlace(setup.module) };
    const left = addressesLeft();
    if (left < count * WORKER_ADDRESSES) {
      throw tooMany(`${count} worker threads`, `${Math.max(0, Math.floor(left / WORKER_ADDRESSES))}`, new Error('the limit on addresses (ulimit -v) leaves no more'));
    }
    // Hooks that this process was started with (loaders, inspectors) are not the worker's.
    try {
      while (this.#members.length < count) this.#members.push(start(new Worker(entry, { workerData, execArgv: [] })));
    } catch (error) {
      for (const { worker } of this.#members) void worker.terminate();
      throw tooMany(`${count} worker threads`, `${this.#members.length}`, error);
    }
  }

  /**
   * Makes one batch.
   * @returns its arrays, or undefined when it was given up
   * @throws DataError naming a file that cannot be decoded; Error when a worker has crashed.
   */
  async request(batch: Omit<BatchRequest, 'id'>): Promise<Batch | undefined> {
    const member = this.#members.reduce((least, other) => (other.pending.size < least.pending.size ? other : least));
    if (member.failure !== undefined) throw member.failure;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      member.pending.set(id, { resolve, reject });
      member.worker.ref();
      member.worker.postMessage({ ...batch, id } satisfies WorkerRequest);
    });
  }

  /** Ends the threads after what they are decoding. Batches still asked for are lost: cancel and await them first. */
  async close(): Promise<void> {
    await Promise.all(
      this.#members.splice(0).map(async ({ worker, exited }) => {
        worker.ref();
        worker.postMessage('close' satisfies WorkerRequest);
        await exited;
      }),
    );
  }
}

function start<Batch>(worker: Worker): Member<Batch> {
  const pending = new Map<number, Pending<Batch>>();
  const exited = new Promise<void>((resolve) => worker.on('exit', () => resolve()));
  const member: Member<Batch> = { worker, pending, exited, failure: undefined };
  const fail = (error: Error): void => {
    // The first reason is the cause: an exit follows each crash.
    member.failure ??= error;
    for (const { reject } of pending.values()) reject(member.failure);
    pending.clear();
  };
  worker.unref();
  worker.on('message', (reply: WorkerReply<Batch>) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if (pending.size === 0) worker.unref();
    if ('error' in reply) waiting?.reject(fromWire(reply.error));
    else waiting?.resolve(reply.batch);
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    fail(noRoomCodes.includes(error.code ?? '') ? tooMany('worker threads that run', 'one that ended', error) : error);
  });
  worker.on('exit', (code) => {
    fail(new Error(`WorkerPool: expected the worker thread to run until close(), got its exit with code ${code}`));
  });
  return member;
}

/** Of a thread that has no memory to start, or no more of it. */
const noRoomCodes = ['ERR_WORKER_INIT_FAILED', 'ERR_WORKER_OUT_OF_MEMORY'];

function tooMany(expected: string, got: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError(`WorkerPool: expected ${expected}, got ${got}: ${reason}; lower workers, 0 takes no thread`, { cause: error });
}

/** The compiled worker. */
function workerEntry(): URL {
  const entry = new URL(compiledPlace(new URL(`./loaderWorker${extname(import.meta.url)}`, import.meta.url).href));
  if (!existsSync(entry)) {
    throw new ConfigError(
      `WorkerPool: expected the compiled worker at ${fileURLToPath(entry)}, got no file: run \`npm run build\`, or use workers: 0`,
    );
  }
  return entry;
}

/** Where a module of ours lies compiled: as it is in dist/, in dist/ beside src/ when this file runs from its sources. */
function compiledPlace(module: string): string {
  const sources = new URL('..', import.meta.url).href;
  if (!module.endsWith('.ts') || !module.startsWith(sources)) return module;
  return new URL(`../dist/${module.slice(sources.length, -'.ts'.length)}.js`, sources).href;
}
