// The native addon, build/native/mpvg.node, compiled by cmake against the libtorch that was found.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findProgram, lastLines, looksLikeDiskFull, runCommand } from './command.mjs';
import { withPlainPath } from './plainPath.mjs';
import { SetupProblem } from './problem.mjs';
import { filesUnder, fingerprint, installedVersion, isStamped, packageFolder, writeStamp } from './stamp.mjs';

/** @typedef {import('./context.mjs').Context} Context */

const headerPackages = ['node-addon-api', 'node-api-headers'];

/** @param {Context} context */
function paths({ root }) {
  const build = path.join(root, 'build', 'native');
  return { build, found: path.join(build, 'found'), output: path.join(build, 'mpvg.node'), stamp: path.join(build, 'setup-stamp'), unfinished: path.join(build, 'unfinished') };
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
  const headers = headerPackages.map((name) => `${name} ${installedVersion(context.root, name)}`);
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

/** Where a build cannot go on from what is there: cmake refuses a cache of another source folder, objects know only their
 * headers' times, and a compiler that was killed leaves half an object.
 * @param {Context} context
 * @param {string} source the folder of CMakeLists.txt, as cmake is told it
 */
function clearForeignBuild(context, source) {
  const { build, found, unfinished } = paths(context);
  const cache = path.join(build, 'CMakeCache.txt');
  if (!fs.existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:[^=]*=(.*)$/m.exec(fs.readFileSync(cache, 'utf8'))?.[1];
  const torch = path.join(found, 'torch');
  const isOurs = home === source && fs.existsSync(torch) && fs.realpathSync(torch) === fs.realpathSync(torchOf(context).dir);
  if (!isOurs || fs.existsSync(unfinished)) fs.rmSync(build, { recursive: true });
}

/** Links to what the addon is built from, so that cmake, and the addon when it looks for its libraries, need know no other path.
 * @param {Context} context
 */
function linkFound(context) {
  const { found } = paths(context);
  fs.rmSync(found, { recursive: true, force: true });
  fs.mkdirSync(found, { recursive: true });
  fs.symlinkSync(torchOf(context).dir, path.join(found, 'torch'));
  for (const name of headerPackages) fs.symlinkSync(packageFolder(context.root, name), path.join(found, name));
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
    const { root } = context;
    const { output, stamp } = paths(context);
    const tools = requireTools(context.env);
    const made = print(context);
    fs.rmSync(stamp, { force: true });
    await withPlainPath(root, (plain) => compile(context, plain, tools));
    // A library that cannot be loaded shows here, with its reason, and not in the middle of a command.
    const load = await runCommand(process.execPath, ['-e', 'process.dlopen({ exports: {} }, process.argv[1])', output], context);
    if (load.code !== 0) {
      const reason = /Error: (.*)/.exec(load.output)?.[1] ?? lastLines(load.output, 1);
      throw new SetupProblem(`the addon does not load with libtorch ${torchOf(context).version} of ${torchOf(context).dir}: ${reason}`);
    }
    writeStamp(stamp, made);
  },
};

/**
 * @param {Context} context
 * @param {string} root a path of the package that cmake can take
 * @param {{ cmake: string, generator: readonly string[] }} tools
 */
async function compile(context, root, { cmake, generator }) {
  const { unfinished } = paths(context);
  const { build, found } = paths({ ...context, root });
  const source = path.join(root, 'native');
  clearForeignBuild(context, source);
  linkFound(context);
  fs.writeFileSync(unfinished, '');
  const configure = [
    '-S', source, '-B', build, '-DCMAKE_BUILD_TYPE=Release',
    `-DTORCH_DIR=${found}/torch`, `-DNODE_MODULES=${found}`, '-DTORCH_RPATH=$ORIGIN/found/torch/lib', ...generator,
  ];
  for (const args of [configure, ['--build', build, '-j', String(jobs())]]) {
    const { code, output: printed } = await runCommand(cmake, args, context);
    if (code === 0) continue;
    if (looksLikeDiskFull(printed)) throw new SetupProblem('no space left on the disk for the addon (about 100 MB in build/)');
    throw new SetupProblem(`the addon does not compile (cmake ${args.join(' ')}):\n${compilerErrors(printed)}`);
  }
  fs.rmSync(unfinished);
}

/** The lines that matter of a failed build: its errors, else its end.
 * @param {string} printed
 */
function compilerErrors(printed) {
  const errors = printed.split('\n').filter((line) => /error|CMake Error/i.test(line));
  return errors.length > 0 ? errors.slice(0, 15).join('\n') : lastLines(printed, 15);
}
