// The native addon, build/native/mpvg.node, compiled by cmake against the libtorch that was found.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findProgram, lastLines, looksLikeDiskFull, runCommand } from './command.mjs';
import { SetupProblem } from './problem.mjs';
import { filesUnder, fingerprint, installedVersion, isStamped, writeStamp } from './stamp.mjs';

/** @typedef {import('./context.mjs').Context} Context */

/** @param {Context} context */
function paths({ root }) {
  const build = path.join(root, 'build', 'native');
  return { build, output: path.join(build, 'mpvg.node'), stamp: path.join(build, 'setup-stamp') };
}

/** @param {Context} context */
function torchOf({ libtorch }) {
  if (libtorch === undefined) throw new Error('the addon step came before the libtorch step');
  return libtorch;
}

/** @param {Context} context */
function print(context) {
  const { dir, version } = torchOf(context);
  const sources = filesUnder(path.join(context.root, 'native'), ['.cc', '.cu', '.h', 'CMakeLists.txt']);
  const headers = ['node-addon-api', 'node-api-headers'].map((name) => `${name} ${installedVersion(context.root, name)}`);
  // The addon is compiled for the processor it runs on: a folder shared with another machine is compiled again there.
  return fingerprint(context.root, sources, [context.root, dir, version, os.cpus()[0]?.model ?? '', ...headers]);
}

/** @param {NodeJS.ProcessEnv} env */
function requireTools(env) {
  const cmake = findProgram('cmake', env);
  if (cmake === undefined) {
    throw new SetupProblem('cmake not found: install CMake 3.18 or newer (Debian, Ubuntu: apt install cmake; anywhere: pip install cmake)');
  }
  const compilers = env['CXX'] ? [env['CXX']] : ['c++', 'g++', 'clang++'];
  if (!compilers.some((name) => findProgram(name.split(' ')[0] ?? name, env) !== undefined)) {
    throw new SetupProblem(`no C++ compiler found (looked for ${compilers.join(', ')}): install GCC 11 or Clang 14 or newer (Debian, Ubuntu: apt install g++)`);
  }
  const hasMake = ['make', 'gmake'].some((name) => findProgram(name, env) !== undefined);
  const hasNinja = findProgram('ninja', env) !== undefined;
  if (!hasMake && !hasNinja) throw new SetupProblem('neither make nor ninja found: install one (Debian, Ubuntu: apt install make)');
  return { cmake, generator: hasMake ? [] : ['-G', 'Ninja'] };
}

/** cmake refuses a cache of another source folder, and libtorch's old paths would stay in it.
 * @param {Context} context
 */
function clearForeignCache(context) {
  const { build } = paths(context);
  const cache = path.join(build, 'CMakeCache.txt');
  if (!fs.existsSync(cache)) return;
  const lines = fs.readFileSync(cache, 'utf8').split('\n');
  /** @param {string} name */
  const value = (name) => lines.find((line) => line.startsWith(`${name}:`))?.split('=')[1];
  const ours = value('CMAKE_HOME_DIRECTORY') === path.join(context.root, 'native') && value('TORCH_DIR') === torchOf(context).dir;
  if (!ours) fs.rmSync(build, { recursive: true });
}

/** Each compiler process takes about 1.5 GB with torch's headers. */
function jobs() {
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.totalmem() / 1.5e9)));
}

/** @type {import('./context.mjs').Step} */
export const addon = {
  doing: 'compiling the native addon (a minute or two)',

  current(context) {
    const { stamp, output } = paths(context);
    return isStamped(stamp, print(context), output);
  },

  async make(context) {
    const { root, env } = context;
    const { build, output, stamp } = paths(context);
    const { cmake, generator } = requireTools(env);
    clearForeignCache(context);
    const made = print(context);
    const configure = ['-S', path.join(root, 'native'), '-B', build, '-DCMAKE_BUILD_TYPE=Release', `-DTORCH_DIR=${torchOf(context).dir}`, ...generator];
    for (const args of [configure, ['--build', build, '-j', String(jobs())]]) {
      const { code, output: printed } = await runCommand(cmake, args, { cwd: root, env });
      if (code === 0) continue;
      if (looksLikeDiskFull(printed)) throw new SetupProblem('no space left on the disk for the addon (about 100 MB in build/)');
      throw new SetupProblem(`the addon does not compile (cmake ${args.join(' ')}):\n${compilerErrors(printed)}`);
    }
    // A library that cannot be loaded shows here, with its reason, and not in the middle of a command.
    const load = await runCommand(process.execPath, ['-e', 'process.dlopen({ exports: {} }, process.argv[1])', output], { cwd: root, env });
    if (load.code !== 0) {
      const reason = /Error: (.*)/.exec(load.output)?.[1] ?? lastLines(load.output, 1);
      throw new SetupProblem(`the addon does not load with libtorch ${torchOf(context).version} of ${torchOf(context).dir}: ${reason}`);
    }
    writeStamp(stamp, made);
  },
};

/** The lines that matter of a failed build: its errors, else its end.
 * @param {string} printed
 */
function compilerErrors(printed) {
  const errors = printed.split('\n').filter((line) => /error|CMake Error/i.test(line));
  return errors.length > 0 ? errors.slice(0, 15).join('\n') : lastLines(printed, 15);
}
