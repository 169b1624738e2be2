import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kernelCode, kernels } from '../../scripts/build-kernels.mjs';

it.each(Object.keys(kernels) as (keyof typeof kernels)[])('%s is what its source compiles to', async (file) => {
  expect(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')).toBe(await kernelCode(file));
});
