// Compiles WebAssembly, .wat text and AssemblyScript, into .ts files beside it. Run it after changing one; the results are
// committed, so that building the package needs no WebAssembly tools. A test compares the two.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import wabt from 'wabt';

const root = fileURLToPath(new URL('..', import.meta.url));

/** By .ts file: its source and what it exports. */
export const kernels = {
  'src/data/transforms/resampleKernel.ts': { source: 'src/data/transforms/resampleKernel.wat', name: 'RESAMPLE_KERNEL' },
  'src/data/transforms/linearKernel.ts': { source: 'src/data/transforms/linearKernel.wat', name: 'LINEAR_KERNEL' },
  'src/data/transforms/colourKernel.ts': { source: 'src/data/transforms/colourKernel.wat', name: 'COLOUR_KERNEL' },
  'src/data/coco/maskKernelCode.ts': { source: 'src/data/coco/assembly/maskKernel.ts', name: 'MASK_KERNEL' },
  'src/data/coco/recordKernelCode.ts': { source: 'src/data/coco/assembly/recordKernel.ts', name: 'RECORD_KERNEL' },
  'src/evaluation/coco/cellKernelCode.ts': { source: 'src/evaluation/coco/assembly/cellKernel.ts', name: 'CELL_KERNEL' },
  'src/evaluation/coco/boxKernelCode.ts': { source: 'src/evaluation/coco/assembly/boxKernel.ts', name: 'BOX_KERNEL' },
  'src/evaluation/coco/matchKernelCode.ts': { source: 'src/evaluation/coco/assembly/matchKernel.ts', name: 'MATCH_KERNEL' },
  'src/evaluation/coco/curveKernelCode.ts': { source: 'src/evaluation/coco/assembly/curveKernel.ts', name: 'CURVE_KERNEL' },
};

/**
 * The text that a .ts file should have.
 * @param {keyof typeof kernels} file
 */
export async function kernelCode(file) {
  const { source, name } = kernels[file];
  const binary = source.endsWith('.wat') ? await assemble(source) : await compile(source);
  const lines = (Buffer.from(binary).toString('base64').match(/.{1,120}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
  return `// Generated from ${path.relative(path.dirname(file), source)} by scripts/build-kernels.mjs: change that file, not this one.

/** The compiled WebAssembly module, base64. */
export const ${name} =
${lines};
`;
}

/**
 * @param {string} source
 * @returns {Promise<Uint8Array>}
 */
async function assemble(source) {
  const { parseWat } = await wabt();
  const module = parseWat(path.basename(source), readFileSync(path.join(root, source), 'utf8'), { simd: true });
  module.validate();
  return module.toBinary({}).buffer;
}

/**
 * @param {string} source
 * @returns {Promise<Uint8Array>}
 */
async function compile(source) {
  // As a program: the types of its module would bring AssemblyScript's globals into ours. The stub runtime only ever grows the
  // memory; a module that runs out of it traps.
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--use', 'abort=', '--enable', 'simd', '--baseDir', root];
  const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-kernel-'));
  try {
    const binary = path.join(folder, 'kernel.wasm');
    await promisify(execFile)(path.join(root, 'node_modules/.bin/asc'), [source, '--outFile', path.relative(root, binary), ...options]);
    return readFileSync(binary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of /** @type {(keyof typeof kernels)[]} */ (Object.keys(kernels))) {
    writeFileSync(path.join(root, file), await kernelCode(file));
  }
}
