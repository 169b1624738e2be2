// What a source file brings in, followed through its relative imports, types left out.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const src = path.join(import.meta.dirname, '../src');
const importPattern = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

export interface ImportGraph {
  /** Paths under src/. */
  readonly files: readonly string[];
  /** Packages and node: modules. */
  readonly packages: readonly string[];
}

/**
 * Everything that importing a file of src/ loads.
 * @param file path under src/
 * @param dynamic whether `import('…')` is followed too
 */
export function importGraph(file: string, { dynamic }: { readonly dynamic: boolean }): ImportGraph {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (at: string): void => {
    if (files.has(at)) return;
    files.add(at);
    for (const [, fixed, later] of readFileSync(path.join(src, at), 'utf8').matchAll(importPattern)) {
      const target = fixed ?? (dynamic ? later : undefined);
      if (target === undefined) continue;
      if (target.startsWith('.')) visit(path.join(path.dirname(at), target));
      else packages.add(target);
    }
  };
  visit(file);
  return { files: [...files], packages: [...packages].toSorted() };
}
