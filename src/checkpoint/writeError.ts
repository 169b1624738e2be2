// What the operating system's refusal to write or to read means to the user, in one line.
import { getSystemErrorMap } from 'node:util';
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
  ENOENT: 'there is no such place, and none can be made there',
  ENAMETOOLONG: 'the name is too long',
};

/**
 * A DataError that says why `path` cannot be written and what became of it, or `error` itself when it is of another kind.
 * @param fate what is true of the older content, such as 'the older file is intact'
 */
export function explainWriteError(error: unknown, path: string, fate: string): unknown {
  const code = systemCode(error) ?? '';
  const reason = reasons[code] ?? systemText(code);
  if (reason === undefined) return error;
  const remedy = noSpace.includes(code) ? '; free some space or write elsewhere' : '';
  return new DataError(`cannot write ${path}: ${reason}; ${fate}${remedy}`, { cause: error });
}

/** The same for what cannot be read. */
export function explainReadError(error: unknown, path: string): unknown {
  const code = systemCode(error) ?? '';
  const reason = code === 'ENOENT' ? 'no such file or directory' : reasons[code] ?? systemText(code);
  return reason === undefined ? error : new DataError(`cannot read ${path}: ${reason}`, { cause: error });
}

/** The system's code ('ENOSPC', …) of an error, or of the one that it explains; undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : systemCode(error.cause);
}

/** The system's own words for a code of its own; undefined for another's, such as Node's ERR_… */
function systemText(code: string): string | undefined {
  return [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1];
}
