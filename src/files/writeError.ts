// What the operating system's refusal to write or to read means to the user, in one line.
import { getSystemErrorMap } from 'node:util';
import { DataError } from '../errors.ts';
import { knownReason, systemCode } from './systemReason.ts';

const noSpace = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * A DataError that says why `path` cannot be written and what became of it, or `error` itself when it is of another kind.
 * @param fate what is true of the older content, such as 'the older file is intact'
 */
export function explainWriteError(error: unknown, path: string, fate: string): unknown {
  const code = systemCode(error) ?? '';
  const reason = code === 'ENOENT' ? 'there is no such place, and none can be made there' : knownReason(error) ?? systemText(code);
  if (reason === undefined) return error;
  const remedy = noSpace.includes(code) ? '; free some space or write elsewhere' : '';
  return new DataError(`cannot write ${path}: ${reason}; ${fate}${remedy}`, { cause: error });
}

/** The same for what cannot be read. */
export function explainReadError(error: unknown, path: string): unknown {
  const reason = knownReason(error) ?? systemText(systemCode(error) ?? '');
  return reason === undefined ? error : new DataError(`cannot read ${path}: ${reason}`, { cause: error });
}

/** The system's own words for a code of its own; undefined for another's, such as Node's ERR_… */
function systemText(code: string): string | undefined {
  return [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1];
}
