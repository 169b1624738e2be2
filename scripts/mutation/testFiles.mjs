// Which tests may reach a folder of sources, the nearest first.

import fs from 'node:fs';
import path from 'node:path';

const importPattern = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;

/**
 * @param {string} root the project's
 * @param {readonly string[]} sources paths from the root
 * @returns {string[]} paths from the root: those of the mirrored folder first, then those that load fewer files
 */
export function nearestTests(root, sources) {
  const wanted = new Set(sources.map((source) => path.join(root, source)));
  const near = new Set(sources.map((source) => path.dirname(source.replace(/^src/, 'test'))));
  const tests = fs.readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts'));
  return tests.map((name) => path.join('test', name))
    .map((test) => ({ test, loads: loadedBy(path.join(root, test)) }))
    .filter(({ loads }) => [...loads].some((file) => wanted.has(file)))
    .map(({ test, loads }) => ({ test, distance: loads.size + (near.has(path.dirname(test)) ? 0 : 10_000) }))
    .sort((a, b) => a.distance - b.distance || a.test.localeCompare(b.test))
    .map(({ test }) => test);
}

/** @param {string} entry @returns {Set<string>} */
function loadedBy(entry) {
  const files = new Set([entry]);
  for (const file of files) {
    if (!fs.existsSync(file)) continue;
    for (const [, fixed, later] of fs.readFileSync(file, 'utf8').matchAll(importPattern)) {
      files.add(path.join(path.dirname(file), fixed ?? later ?? ''));
    }
  }
  return files;
}
