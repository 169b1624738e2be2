import { expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { resampleKernelSource } from '../../../scripts/build-resample-kernel.mjs';

it('resampleKernel.ts is what resampleKernel.wat compiles to', async () => {
  const stored = readFileSync(new URL('../../../src/data/transforms/resampleKernel.ts', import.meta.url), 'utf8');
  expect(stored).toBe(await resampleKernelSource());
});
