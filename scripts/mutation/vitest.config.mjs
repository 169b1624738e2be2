// vitest as a mutation run starts it: sources come with their mutants in them, files on disk stay as they are.

import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { readPlan } from './journal.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const { code } = readPlan();

export default defineConfig({
  root,
  plugins: [{ name: 'mutants', enforce: 'pre', load: (id) => code[path.relative(root, id.split('?')[0] ?? id)] }],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    runner: path.join(import.meta.dirname, 'runner.mjs'),
  },
});
