// Compiles every source of the addon as CUDA, with nvcc, and throws the objects away: shows that the same sources build
// where libtorch has CUDA, on a machine that has none. Exit code 3 where there is no nvcc.
//   node scripts/check-cuda.mjs [file …]

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findProgram } from './setup/command.mjs';
import { filesUnder } from './setup/stamp.mjs';

const root = path.resolve(import.meta.dirname, '..');

/** @returns {string} the torch package that the addon was built with */
function torchDir() {
  const cache = path.join(root, 'build', 'native', 'CMakeCache.txt');
  const line = fs.existsSync(cache) ? /^TORCH_DIR:[^=]*=(.+)$/m.exec(fs.readFileSync(cache, 'utf8'))?.[1] : undefined;
  if (line === undefined) throw new Error('the addon has not been built yet: run `npm run setup` first');
  return line;
}

/**
 * @param {string} nvcc
 * @param {string} torch
 * @param {string} source
 * @param {string} object
 * @returns {Promise<{ source: string, code: number | null, output: string }>}
 */
function compile(nvcc, torch, source, object) {
  const includes = ['native', 'node_modules/node-addon-api', 'node_modules/node-api-headers/include'].map((dir) => `-I${path.join(root, dir)}`);
  const child = spawn(nvcc, [
    '-c', '-x', 'cu', '-std=c++20', '-O0', '--expt-relaxed-constexpr', '-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS',
    // The header that says how libtorch's CUDA part was built is in CUDA wheels only.
    '-DNODE_ADDON_API_DISABLE_DEPRECATED', '-DC10_USING_CUSTOM_GENERATED_MACROS', ...includes, `-I${torch}/include`, `-I${torch}/include/torch/csrc/api/include`,
    '-Xcompiler', '-fPIC,-fopenmp', source, '-o', object,
  ]);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ source, code, output }));
  });
}

/** @param {string} nvcc */
async function main(nvcc) {
  const torch = torchDir();
  const given = process.argv.slice(2).map((file) => path.resolve(file));
  const waiting = given.length > 0 ? given : filesUnder(path.join(root, 'native'), ['.cc', '.cu']).map((file) => path.resolve(root, file));
  const count = waiting.length;
  const objects = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-cuda-'));
  let failed = 0;
  const worker = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const { code, output } = await compile(nvcc, torch, source, path.join(objects, `${path.basename(source)}.o`));
      console.log(`${code === 0 ? '✓' : '✗'} ${path.relative(root, source)}`);
      if (code !== 0) {
        failed += 1;
        console.log(output.split('\n').slice(0, 30).join('\n'));
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  } finally {
    fs.rmSync(objects, { recursive: true });
  }
  console.log(`${count - failed} of ${count} sources compile with nvcc`);
  process.exitCode = failed > 0 ? 1 : 0;
}

const nvcc = findProgram('nvcc', process.env);
if (nvcc === undefined) {
  console.log("nvcc not found: install NVIDIA's CUDA toolkit to check the CUDA build");
  process.exitCode = 3;
} else {
  await main(nvcc);
}
