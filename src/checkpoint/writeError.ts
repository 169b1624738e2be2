// What the operating system's refusal to write means to the user, in one line.
import { DataError } from '../errors.ts';

const noSpace = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'no space left in the disk quota',
  EFBIG: 'no space left for so large a file',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EEXIST: 'a part of the path is a file, not a directory',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EISDIR: 'it is a directory',
  EIO: 'the device reports an error',
};

/**
 * A DataError that says why `path` cannot be written and what became of it, or `error` itself when it is of another kind.
 * @param fate what is true of the older content, such as 'the older file is intact'
 */
export function explainWriteError(error: unknown, path: string, fate: string): unknown {
  const code = systemCode(error) ?? '';
  const reason = reasons[code];
  if (reason === undefined) return error;
  const remedy = noSpace.includes(code) ? '; free some space or write elsewhere' : '';
  return new DataError(`cannot write ${path}: ${reason}; ${fate}${remedy}`, { cause: error });
}

/** The system's code ('ENOSPC', …) of an error, or of the one that it explains; undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : systemCode(error.cause);
}
