// Compiles the .wat files of src/data/transforms into .ts files beside them. Run it after changing one; the results are
// committed, so that building the package needs no WebAssembly tools. A test compares the two.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const folder = new URL('../src/data/transforms/', import.meta.url);

/** Each kernel's file name and what its .ts exports. */
export const kernels = { resampleKernel: 'RESAMPLE_KERNEL', linearKernel: 'LINEAR_KERNEL', colourKernel: 'COLOUR_KERNEL' };

/**
 * The text of a kernel's .ts for its current .wat.
 * @param {keyof typeof kernels} name
 */
export async function kernelSource(name) {
  const { parseWat } = await wabt();
  const module = parseWat(`${name}.wat`, readFileSync(new URL(`${name}.wat`, folder), 'utf8'), { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = (base64.match(/.{1,120}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
  return `// Generated from ${name}.wat by scripts/build-kernels.mjs: change that file, not this one.

/** The compiled WebAssembly module, base64. */
export const ${kernels[name]} =
${lines};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of /** @type {(keyof typeof kernels)[]} */ (Object.keys(kernels))) {
    writeFileSync(new URL(`${name}.ts`, folder), await kernelSource(name));
  }
}
