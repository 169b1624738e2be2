// How many addresses a process may still have, under a limit on them (`ulimit -v`).

import { readFileSync } from 'node:fs';

/** In pages, as /proc/self/statm counts. */
const PAGE_BYTES = 4096;

/** The soft limit on addresses, bytes, from Linux's table of limits; Infinity where there is none. */
export function addressLimit(limits = textOf('/proc/self/limits')): number {
  const [, bytes] = /^Max address space +(\d+)/m.exec(limits) ?? [];
  return bytes === undefined ? Infinity : Number(bytes);
}

/** Bytes of addresses that this process may still take; Infinity without a limit. */
export function addressesLeft(): number {
  const limit = addressLimit();
  return limit === Infinity ? Infinity : limit - PAGE_BYTES * Number(textOf('/proc/self/statm').split(' ')[0]);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not Linux
  }
}
