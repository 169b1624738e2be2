// The changes that cannot change a result, listed with their reason in equivalent.json: `file: change`, or a pattern of it
// between slashes.

import fs from 'node:fs';
import path from 'node:path';

/**
 * @param {Record<string, readonly string[]>} reasons reason → entries
 * @returns {{ has: (key: string) => boolean, gone: (root: string) => string[] }} whether a change, `file: change`, is listed; the
 *   entries for files that do not exist below `root`
 */
export function equivalents(reasons) {
  const entries = Object.values(reasons).flat();
  const listed = new Set(entries);
  const patterns = entries.filter(isPattern).map((entry) => new RegExp(entry.slice(1, -1), 'u'));
  return {
    has: (key) => listed.has(key) || patterns.some((pattern) => pattern.test(key)),
    gone: (root) => entries.filter((entry) => filesOf(entry).some((file) => !fs.existsSync(path.join(root, file)))),
  };
}

/** @param {string} entry */
const isPattern = (entry) => entry.startsWith('/');

/**
 * The files that an entry names; of a pattern those that stand at its start, `^file.ts: ` with one choice `(a|b)` at most.
 * @param {string} entry @returns {string[]}
 */
function filesOf(entry) {
  if (!isPattern(entry)) return [entry.slice(0, entry.indexOf(': '))];
  const [, file] = /^\/\^(.*?\.ts): /.exec(entry) ?? [];
  if (file === undefined) return [];
  const [before = '', choice, after = ''] = file.replaceAll('\\', '').split(/\((.*)\)/);
  return choice === undefined ? [before] : choice.split('|').map((one) => before + one + after);
}
