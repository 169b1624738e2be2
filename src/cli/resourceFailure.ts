// What the system did not give: memory, threads, open files, a path that nobody else has explained. Where it runs out is
// anywhere, so what it is called by those who asked for it (libtorch, V8, workers, system calls) is known here, in one place.

import { knownReason } from '../files/systemReason.ts';

const CODES: Readonly<Record<string, string>> = {
  ERR_WORKER_OUT_OF_MEMORY: 'a worker thread ran out of memory; use fewer workers (--set workers=1), or give Node more (--max-old-space-size)',
  ERR_WORKER_INIT_FAILED: 'a worker thread could not be started; use fewer workers (--set workers=1), or raise the limits of the process (ulimit -u, -v)',
  ENOMEM: 'the system has no memory left; use fewer workers and smaller batches, or raise the limits of the process (ulimit -v)',
  EAGAIN: 'the system lets this process have no more threads; use fewer (--threads, --set workers=1), or raise its limit (ulimit -u)',
  EMFILE: 'the system lets this process open no more files; use fewer workers, or raise its limit (ulimit -n)',
  ENFILE: 'the system has too many files open',
};

const MESSAGES: readonly (readonly [pattern: RegExp, line: (match: RegExpExecArray) => string])[] = [
  // native/allocator.cc
  [/out of memory: .*/, ([line]) => `${line}; make the batch, the pictures or the model smaller`],
  [/Array buffer allocation failed|[Cc]ould not allocate memory|Cannot allocate Wasm memory|bad_alloc|Invalid typed array length: \d{10,}/, ([what]) =>
    `out of memory (${what}); make the batch or the files smaller, use fewer workers, or raise the limits of the process (ulimit -v)`],
];

/** The line for people, or undefined for an error that is about something else. */
export function resourceFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = 'code' in error && typeof error.code === 'string' ? CODES[error.code] : undefined;
  if (known !== undefined) return known;
  if ('path' in error && 'syscall' in error) {
    const reason = knownReason(error);
    if (reason !== undefined) return `cannot ${String(error.syscall)} ${String(error.path)}: ${reason}`;
  }
  for (const [pattern, line] of MESSAGES) {
    const match = pattern.exec(error.message);
    if (match !== null) return line(match);
  }
  return undefined;
}
