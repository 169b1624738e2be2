// Compiles every source of the addon as CUDA, with nvcc, and throws the objects away: shows that the same sources build
// where libtorch has CUDA, on a machine that has none. Exit code 3 where there is no nvcc.
//   node scripts/check-cuda.mjs [file …]

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endWithPrograms, findProgram, runCommand } from './setup/command.mjs';
import { plainTemporaryFolder, withPlainPath } from './setup/plainPath.mjs';
import { filesUnder } from './setup/stamp.mjs';

const root = path.resolve(import.meta.dirname, '..');

/**
 * @param {string} nvcc
 * @param {string} source path within the package
 * @param {string} object
 * @param {string} plain a path of the package that nvcc's shell can take
 * @returns {Promise<{ code: number, output: string }>}
 */
function compile(nvcc, source, object, plain) {
  const found = path.join(plain, 'build', 'native', 'found');
  const includes = [path.join(plain, 'native'), ...['node-addon-api', 'node-api-headers/include', 'torch/include', 'torch/include/torch/csrc/api/include'].map((dir) => path.join(found, dir))];
  return runCommand(nvcc, [
    '-c', '-x', 'cu', '-std=c++20', '-O0', '--expt-relaxed-constexpr', '-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS',
    // The header that says how libtorch's CUDA part was built is in CUDA wheels only.
    '-DNODE_ADDON_API_DISABLE_DEPRECATED', '-DC10_USING_CUSTOM_GENERATED_MACROS', ...includes.map((dir) => `-I${dir}`),
    '-Xcompiler', '-fPIC,-fopenmp', path.join(plain, source), '-o', object,
  ], { root, env: process.env });
}

/**
 * @param {string} nvcc
 * @param {string} plain
 */
async function main(nvcc, plain) {
  if (!fs.existsSync(path.join(root, 'build/native/found/torch'))) throw new Error('the addon has not been built yet: run `npm run setup` first');
  const given = process.argv.slice(2).map((file) => path.resolve(file));
  const waiting = given.length > 0 ? given : filesUnder(path.join(root, 'native'), ['.cc', '.cu']);
  const count = waiting.length;
  const objects = fs.mkdtempSync(path.join(plainTemporaryFolder(), 'mpvg-cuda-'));
  let failed = 0;
  const worker = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const name = path.relative(root, source);
      const { code, output } = await compile(nvcc, name, path.join(objects, `${path.basename(source)}.o`), plain);
      console.log(`${code === 0 ? '✓' : '✗'} ${name}`);
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
  endWithPrograms();
  await withPlainPath(root, (plain) => main(nvcc, plain));
}
