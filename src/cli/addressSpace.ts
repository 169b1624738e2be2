// Commands under a limit on addresses (`ulimit -v`). V8 reserves 8 to 10 GB of them for each WebAssembly memory, so that an
// access out of bounds is a signal and needs no check. With Node's --disable-wasm-trap-handler it checks instead and reserves
// what it uses; that is decided when a process starts, so a command under a limit starts once more.

import { constants } from 'node:os';
import { addressLimit } from '../data/addressesLeft.ts';

const FLAG = '--disable-wasm-trap-handler';
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;
const WASM_PAGE_BYTES = 65_536;
const MOST_WASM_PAGES = 65_536;

/** Whether this process may not have all the addresses that it asks for, and has not been told to do with few. */
export function hasTooFewAddresses(limit = addressLimit()): boolean {
  const isTold = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].includes(FLAG);
  return !isTold && limit < Infinity;
}

/**
 * How large a WebAssembly memory may get, in its pages: V8 reserves so many addresses for each. Evaluation has a few large ones
 * and no libtorch; training has small ones in every worker.
 * @param limit on addresses, bytes
 * @param command the program's first argument
 */
export function wasmPages(limit: number, command: string | undefined): number {
  const share = command === 'evaluate' || command === 'coco' ? 8 : 32;
  return Math.min(MOST_WASM_PAGES, Math.max(1, Math.floor(limit / share / WASM_PAGE_BYTES)));
}

/**
 * Starts this command once more, with the flag: in place of this process where Node can do that (22.15 and newer), else below it.
 * @returns the exit code
 */
export async function startWithFewAddresses(): Promise<number> {
  const pages = wasmPages(addressLimit(), process.argv[2]);
  const args = [FLAG, `--wasm-max-mem-pages=${pages}`, ...process.execArgv, ...process.argv.slice(1)];
  // glibc reserves 64 MB for each of up to eight times as many heaps as there are cores.
  const env = { MALLOC_ARENA_MAX: '2', ...process.env };
  const here = process as NodeJS.Process & { execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never };
  here.execve?.(process.execPath, [process.execPath, ...args], env);
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    // In a group of its own: Ctrl-C reaches it once, from here.
    const child = spawn(process.execPath, args, { stdio: 'inherit', detached: true, env });
    for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => { resolve(code ?? 128 + constants.signals[signal!]); });
  });
}
