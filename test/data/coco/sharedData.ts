import { existsSync } from 'node:fs';
import path from 'node:path';

/** Small real data beside the repository. */
export const sharedData = path.join(import.meta.dirname, '../../../../shared/data');

/** Whether it is there; where not, says which tests are left out. */
export function hasSharedData(tests: string): boolean {
  const there = existsSync(sharedData);
  if (!there) console.warn(`SKIPPED, no data in ${sharedData}: ${tests}`);
  return there;
}
