// Commands under a limit on addresses (`ulimit -v`). V8 reserves 8 to 10 GB of them for each WebAssembly memory, so that an
// access out of bounds is a signal and needs no check. With Node's --disable-wasm-trap-handler it checks instead and reserves
// what it uses; that is decided when a process starts, so a command under a limit starts once more.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const FLAG = '--disable-wasm-trap-handler';
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;

/** Whether this process may not have all the addresses that it asks for, and has not been told to do with few. */
export function hasTooFewAddresses(limits = limitsOfProcess()): boolean {
  const isTold = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].includes(FLAG);
  return !isTold && /^Max address space +\d/m.test(limits);
}

/** Linux's table of limits; empty elsewhere. */
function limitsOfProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Starts this command once more, with the flag: in place of this process where Node can do that (22.15 and newer), else below it.
 * @returns the exit code
 */
export async function startWithFewAddresses(): Promise<number> {
  const args = [FLAG, ...process.execArgv, ...process.argv.slice(1)];
  const here = process as NodeJS.Process & { execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never };
  here.execve?.(process.execPath, [process.execPath, ...args], process.env);
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    // In a group of its own: Ctrl-C reaches it once, from here.
    const child = spawn(process.execPath, args, { stdio: 'inherit', detached: true });
    for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => { resolve(code ?? 128 + constants.signals[signal!]); });
  });
}
