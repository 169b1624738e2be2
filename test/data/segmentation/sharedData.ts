// Real data beside the repository; where it is missing, the tests that need it are skipped and say so.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

/** A folder of it; undefined, with a warning that names it, when it is not there. */
export function sharedFolder(name: string): string | undefined {
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  console.warn(`skipped: no ${folder}`);
  return undefined;
}
