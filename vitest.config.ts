import { defineConfig } from 'vitest/config';

// Two projects: what `npm test` runs, and what takes minutes (`npm run test:slow`: files named *.slow.test.ts).
// Processes, not threads: libtorch and sharp keep global state, and a crash in native code names the file it happened in.
const common = { pool: 'forks' as const, maxWorkers: 2, testTimeout: 30_000, hookTimeout: 60_000, globalSetup: 'test/unpackReference.ts' };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] } },
      { test: { ...common, name: 'slow', include: ['test/**/*.slow.test.ts'], testTimeout: 1_800_000, maxWorkers: 1, fileParallelism: false } },
    ],
  },
});
