// vitest as a mutation run starts it: sources come with their mutants in them, files on disk stay as they are.

import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import { readPlan } from './journal.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const code = readPlan()?.code ?? {};

globalThis.$mutant = () => false; // in this process, where globalSetup loads sources too

/** The nearest tests first. */
class InGivenOrder extends BaseSequencer {
  /** @override @param {import('vitest/node').TestSpecification[]} files */
  async sort(files) {
    const order = (process.env['MPVG_MUTATION_ORDER'] ?? '').split(' ');
    const at = (/** @type {import('vitest/node').TestSpecification} */ file) => order.indexOf(path.relative(root, file.moduleId));
    return files.toSorted((a, b) => at(a) - at(b));
  }
}

export default defineConfig({
  root,
  plugins: [{ name: 'mutants', enforce: 'pre', load: (id) => code[path.relative(root, id.split('?')[0] ?? id)] }],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000, // a run takes what others leave it of the machine
    hookTimeout: 600_000,
    globalSetup: 'test/unpackReference.ts',
    sequence: { sequencer: InGivenOrder },
    runner: path.join(import.meta.dirname, 'runner.mjs'),
  },
});
