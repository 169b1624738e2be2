import { defineConfig } from 'vitest/config';

// Two projects: what `npm test` runs, and what takes minutes (`npm run test:slow`: files named *.slow.test.ts).
// Processes, not threads: libtorch and sharp keep global state, and a crash in native code names the file it happened in.
// Two of them compute at once, so OpenMP's threads must sleep and not spin while they wait for each other.
const env = { OMP_WAIT_POLICY: 'passive' };
const common = { pool: 'forks' as const, maxWorkers: 2, testTimeout: 30_000, hookTimeout: 60_000, env };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] } },
      { test: { ...common, name: 'slow', include: ['test/**/*.slow.test.ts'], testTimeout: 1_800_000, maxWorkers: 1, fileParallelism: false } },
    ],
  },
});
