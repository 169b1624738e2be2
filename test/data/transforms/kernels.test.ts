import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kernels, kernelSource } from '../../../scripts/build-kernels.mjs';

it.each(Object.keys(kernels) as (keyof typeof kernels)[])('%s.ts is what its .wat compiles to', async (name) => {
  const stored = readFileSync(new URL(`../../../src/data/transforms/${name}.ts`, import.meta.url), 'utf8');
  expect(stored).toBe(await kernelSource(name));
});
