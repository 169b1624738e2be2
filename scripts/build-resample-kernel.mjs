// Compiles src/data/transforms/resampleKernel.wat into resampleKernel.ts beside it. Run it after changing the .wat; the result is
// committed, so that building the package needs no WebAssembly tools. A test compares the two.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const folder = new URL('../src/data/transforms/', import.meta.url);

/** The text of resampleKernel.ts for the current resampleKernel.wat. */
export async function resampleKernelSource() {
  const { parseWat } = await wabt();
  const module = parseWat('resampleKernel.wat', readFileSync(new URL('resampleKernel.wat', folder), 'utf8'), { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = (base64.match(/.{1,120}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
  return `// Generated from resampleKernel.wat by scripts/build-resample-kernel.mjs: change that file, not this one.

/** The compiled WebAssembly module, base64. */
export const RESAMPLE_KERNEL =
${lines};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('resampleKernel.ts', folder), await resampleKernelSource());
}
