// The cycle rule: no file imports, straight or through others, one that imports it. Types count too: what needs each other to be
// understood belongs into one file, or the part that both need into a third. Left out is `import('…/index.ts')`: the package that
// a config file is given when it is read.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const relativeImport = /(?:from\s*|import\((?!'[./]*index\.ts'))'(\.[^']+)'/g;

/**
 * The ESLint rule.
 * @returns {import('eslint').Rule.RuleModule}
 */
export function cyclesRule() {
  /** @type {Map<string, readonly string[]>} file → what it imports */
  const known = new Map();

  /** @param {string} file */
  const importsOf = (file) => {
    const found = known.get(file);
    if (found !== undefined) return found;
    let text = '';
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // A file that is not there is the compiler's matter.
    }
    const imports = [...text.matchAll(relativeImport)].map(([, target = '']) => path.resolve(path.dirname(file), target));
    known.set(file, imports);
    return imports;
  };

  /**
   * The way from one file to another, both included; undefined where there is none.
   * @param {string} from @param {string} to
   * @returns {readonly string[] | undefined}
   */
  const wayTo = (from, to) => {
    const cameFrom = new Map([[from, '']]);
    for (const file of cameFrom.keys()) {
      for (const next of importsOf(file)) {
        if (cameFrom.has(next)) continue;
        cameFrom.set(next, file);
        if (next !== to) continue;
        const way = [to];
        for (let at = file; at !== ''; at = cameFrom.get(at) ?? '') way.unshift(at);
        return way;
      }
    }
    return undefined;
  };

  return {
    meta: { type: 'problem', schema: [], docs: { description: 'no two files import each other' } },
    create(context) {
      /** @param {any} node */
      const check = (node) => {
        const specifier = node.source?.value;
        if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
        if (node.type === 'ImportExpression' && specifier.endsWith('/index.ts')) return;
        const target = path.resolve(path.dirname(context.filename), specifier);
        const way = wayTo(target, context.filename);
        if (way === undefined) return;
        const names = [context.filename, ...way].map((file) => path.basename(file)).join(' → ');
        context.report({ node, message: `these files import each other: ${names}` });
      };
      return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
    },
  };
}
