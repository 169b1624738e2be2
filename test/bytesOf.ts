// All that a folder holds, to see that nothing of it has changed.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The bytes of every file below a folder, by its path there; folders are null. */
export function bytesOf(folder: string): Readonly<Record<string, string | null>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(names.map((name) => {
    const file = path.join(folder, name);
    return [name, statSync(file).isDirectory() ? null : readFileSync(file, 'base64')];
  }));
}
