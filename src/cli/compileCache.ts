import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

/** In dist/bin, which set-up makes anew when the code changes. */
const folder = fileURLToPath(new URL('../../dist/bin/cache', import.meta.url));

/** Keeps what V8 makes of the code for the next run, from Node 22.8 on; where the folder cannot be written nothing is kept. */
export function keepCompiledCode(): void {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  if (process.env['NODE_COMPILE_CACHE'] === undefined) enableCompileCache?.(folder);
}
