// Another name for a folder, where its own has characters that build tools take for something else: `;` ends an item of CMake's
// lists, `$` and quotes are expanded by nvcc's shell, `[` is a pattern, `:` ends a target of make.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endings } from './command.mjs';

/** @param {string} dir */
function isPlain(dir) {
  return /^[\p{L}\p{M}\p{N} /._+@,=~-]+$/u.test(dir);
}

/** @returns {string} the system's temporary folder, or that of every Linux */
export function plainTemporaryFolder() {
  return isPlain(os.tmpdir()) ? os.tmpdir() : '/tmp';
}

/**
 * @template T
 * @param {string} dir absolute path of a folder
 * @param {(plain: string) => Promise<T>} work is given a path of that folder without such characters, for as long as it works
 * @returns {Promise<T>}
 */
export async function withPlainPath(dir, work) {
  if (isPlain(dir)) return work(dir);
  const folder = fs.mkdtempSync(path.join(plainTemporaryFolder(), 'mpvg-'));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  endings.add(remove);
  try {
    const link = path.join(folder, 'clone');
    fs.symlinkSync(dir, link);
    return await work(link);
  } finally {
    remove();
    endings.delete(remove);
  }
}
